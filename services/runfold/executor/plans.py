"""Compiled flows, by revision, and by those of the templates in them; loaded once and kept."""

from collections import OrderedDict
from collections.abc import Mapping
from typing import Final

from runfold.adapters.flow_store import FlowStore
from runfold.errors import FlowInvalid, Violation
from runfold.execution.aggregate import Aggregate
from runfold.execution.claims import AnyClaim, Start
from runfold.flows.plan import Host, Plan

PLANS_MAX: Final = 1_000

FLOW_WAIT_S: Final = 0.5
"""A flow is safe in its topic before anyone claims to run it: only our own reading may be behind."""

_Key = tuple[str, str, int, tuple[tuple[str, int], ...]]
"""Namespace, id and revision of a flow, and the revisions of the templates in it."""


class Plans:
    """The plans of the flows whose executions are at hand."""

    def __init__(self, flows: FlowStore, host: Host) -> None:
        self._flows = flows
        self._host = host
        self._plans: OrderedDict[_Key, Plan] = OrderedDict()

    def of(self, claim: AnyClaim, known: Aggregate | None) -> Plan | None:
        """
        Return the plan that a claim is decided with; None where the claim is void in any case.

        Raises:
            NotFound: There is no such flow.
            FlowInvalid: It can no longer be read.
        """
        if known is not None:
            execution = known.execution
            templates = execution.templates or {}
            return self._plan(execution.namespace, execution.flow_id, execution.flow_revision, templates)
        if isinstance(claim, Start):
            return self._plan(claim.namespace, claim.flow_id, claim.flow_revision, claim.templates)
        return None

    def _plan(self, namespace: str, flow_id: str, revision: int, templates: Mapping[str, int] | None) -> Plan:
        """Return a plan with these revisions of templates; None: the newest, which flows that use none never ask."""
        key = (namespace, flow_id, revision, tuple(sorted((templates or {}).items())))
        plan = self._plans.get(key)
        if plan is not None and (templates is not None or not plan.uses_templates):
            self._plans.move_to_end(key)
            return plan
        stored = self._flows.find(namespace, flow_id, revision, FLOW_WAIT_S)
        if stored.flow is None:
            raise FlowInvalid((Violation(f"Flow {namespace}.{flow_id} revision {revision}: {stored.exception}"),))
        plan = Plan(stored.flow, revision, self._host, templates)
        self._plans[(namespace, flow_id, revision, tuple(sorted(plan.templates.items())))] = plan
        if len(self._plans) > PLANS_MAX:
            self._plans.popitem(last=False)
        return plan
