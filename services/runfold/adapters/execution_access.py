"""
What tasks may ask of other executions: how many there are, what one is like, and that a paused one goes on.

Counts and finds come from the index, a moment behind. A resume is checked against the facts and then
claimed, as every wish is; the engine decides.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import msgspec

from runfold.adapters.fact_fold import ALL, Life, folded
from runfold.adapters.flow_store import FlowStore
from runfold.documents.model import Kind
from runfold.documents.query import Between, Is, Query, all_of
from runfold.documents.source import source_of
from runfold.errors import CallerError, Conflict, NotFound
from runfold.execution.claims import Resume
from runfold.execution.pausing import resume_inputs
from runfold.execution.state import State
from runfold.flows.plan import Host, Plan
from runfold.ports import Broker, Index, Message, slot_of
from runfold.topology import CLAIMS


@dataclass(frozen=True, slots=True)
class ExecutionsWanted:
    """Which executions: of a namespace (and a flow in it), in one of these states (none: in any), begun in between."""

    namespace: str
    flow_id: str | None = None
    states: tuple[str, ...] = ()
    began_after: datetime | None = None
    began_before: datetime | None = None


@dataclass(frozen=True, slots=True)
class ResumeWanted:
    """Which execution is to go on, what it is given, and the id of the claim. None: whatever it is."""

    execution_id: str
    claim_id: str
    namespace: str | None = None
    flow_id: str | None = None
    inputs: Mapping[str, Any] | None = None


class ExecutionAccess:
    """See the module. `index` None: nothing can be counted here."""

    def __init__(self, broker: Broker, flows: Callable[[], FlowStore], host: Host, index: Index | None = None) -> None:
        self._broker = broker
        self._flows = flows
        self._host = host
        self._index = index

    def count(self, wanted: ExecutionsWanted) -> int:
        """Return how many executions there are. Raises: CallerError, Unavailable."""
        if self._index is None:
            raise CallerError("Executions can't be counted here: there is no index")
        began = (wanted.began_after, wanted.began_before)
        fits = (
            Is("namespace", (wanted.namespace,)),
            None if wanted.flow_id is None else Is("flowId", (wanted.flow_id,)),
            Is("state", wanted.states) if wanted.states else None,
            None if began == (None, None) else Between("startDate", *began),
        )
        self._index.refresh()
        return self._index.search(Query(Kind.EXECUTIONS, all_of(fits), size=1)).total

    def find(self, namespace: str, execution_id: str) -> Mapping[str, Any] | None:
        """
        Return an execution as the API shows it, a moment behind; None: there is none in that namespace.

        Raises:
            CallerError: There is no index.
            Unavailable: It is away.
        """
        if self._index is None:
            raise CallerError("Executions can't be found here: there is no index")
        found = self._index.get(Kind.EXECUTIONS, execution_id)
        if found is None or found.body["namespace"] != namespace:
            return None
        return source_of(found)

    def resume(self, wanted: ResumeWanted) -> None:
        """
        Let a paused execution go on.

        Raises:
            NotFound: There is none.
            Conflict: It is not paused.
            InputsInvalid: What its Pause task asks for is missing, or not what it may be.
        """
        aggregate = folded(self._broker, wanted.execution_id, self._life(wanted.execution_id))
        execution = None if aggregate is None else aggregate.execution
        if (
            aggregate is None
            or execution is None
            or (wanted.namespace or execution.namespace) != execution.namespace
            or (wanted.flow_id or execution.flow_id) != execution.flow_id
        ):
            raise NotFound(f"There is no execution {wanted.execution_id}")
        if execution.state is not State.PAUSED:
            raise Conflict(f"Execution {execution.id} is not paused, can't resume it")
        stored = self._flows().find(execution.namespace, execution.flow_id, execution.flow_revision)
        if stored.flow is None:
            raise Conflict(f"Flow {execution.namespace}.{execution.flow_id} is not valid: {stored.exception}")
        plan = Plan(stored.flow, execution.flow_revision, self._host, execution.templates or {})
        claim = Resume(execution.id, wanted.claim_id, inputs=resume_inputs(plan, aggregate, wanted.inputs or {}))
        key = claim.aggregate
        self._broker.publish([Message(CLAIMS, key, msgspec.json.encode(claim), slot=slot_of(key))])

    def _life(self, execution_id: str) -> Life:
        """Return from when on the log has facts of an execution, as far as the index knows."""
        document = None if self._index is None else self._index.get(Kind.EXECUTIONS, execution_id)
        return ALL if document is None else Life(document.body["startDate"])
