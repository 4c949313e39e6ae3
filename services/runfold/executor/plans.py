"""
Compiled flows, by revision; loaded once and kept.
"""

from collections import OrderedDict
from typing import Final

from runfold.adapters.flow_store import FlowStore
from runfold.errors import FlowInvalid, Violation
from runfold.execution.aggregate import Aggregate
from runfold.execution.claims import AnyClaim, Start
from runfold.flows.plan import Host, Plan

PLANS_MAX: Final = 1_000

FLOW_WAIT_S: Final = 0.5
"""A flow is safe in its topic before anyone claims to run it: only our own reading may be behind."""


class Plans:
    """The plans of the flows whose executions are at hand."""

    def __init__(self, flows: FlowStore, host: Host) -> None:
        self._flows = flows
        self._host = host
        self._plans: OrderedDict[tuple[str, str, int], Plan] = OrderedDict()

    def of(self, claim: AnyClaim, known: Aggregate | None) -> Plan | None:
        """
        Return the plan that a claim is decided with; None where the claim is void in any case.

        Raises:
            NotFound: There is no such flow.
            FlowInvalid: It can no longer be read.
        """
        if known is not None:
            execution = known.execution
            return self._plan(execution.namespace, execution.flow_id, execution.flow_revision)
        if isinstance(claim, Start):
            return self._plan(claim.namespace, claim.flow_id, claim.flow_revision)
        return None

    def _plan(self, namespace: str, flow_id: str, revision: int) -> Plan:
        key = (namespace, flow_id, revision)
        plan = self._plans.get(key)
        if plan is None:
            stored = self._flows.find(namespace, flow_id, revision, FLOW_WAIT_S)
            if stored.flow is None:
                raise FlowInvalid((Violation(f"Flow {namespace}.{flow_id} revision {revision}: {stored.exception}"),))
            plan = Plan(stored.flow, revision, self._host)
            self._plans[key] = plan
            if len(self._plans) > PLANS_MAX:
                self._plans.popitem(last=False)
        else:
            self._plans.move_to_end(key)
        return plan
