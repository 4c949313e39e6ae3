"""
The same done to many executions: all are checked first, and if one can't take it nothing is done to any.

Checks look at what is searched (and the tail knows newer), so ten thousand cost no fold of any log.
"""

from collections.abc import Callable, Collection, Iterable, Sequence
from dataclasses import dataclass
from itertools import islice
from typing import Final

from runfold.adapters.purging import Reach
from runfold.documents.model import Document, Kind
from runfold.documents.query import Filter
from runfold.errors import AuthorError, BadRequest, CallerError
from runfold.execution.claims import Kill
from runfold.execution.model import Label
from runfold.execution.state import TERMINAL, State
from runfold.webserver import control
from runfold.webserver.deleting import delete_all
from runfold.webserver.parts import Parts

EXECUTIONS_MAX: Final = 10_000
"""Of one call."""

ALIVE: Final = frozenset(State) - TERMINAL


@dataclass(frozen=True, slots=True)
class Invalid:
    """An execution that can't take it, and why."""

    execution_id: str
    reason: str


class BulkRefused(CallerError):
    """Executions that can't take what was asked of them; `done`: how many had by then."""

    def __init__(self, verb: str, invalids: Sequence[Invalid], done: int = 0) -> None:
        super().__init__(f"invalid bulk {verb}")
        self.invalids = invalids
        self.done = done


Act = Callable[[Parts, Sequence[Document]], list[Invalid]]
"""Does something to executions; returns those to which it could not be done after all."""


@dataclass(frozen=True, slots=True)
class Bulk:
    """Something to be done: to executions in one of `states`; for others `reason` says why not."""

    verb: str
    states: Collection[State]
    reason: str
    act: Act


def each(action: control.Action) -> Act:
    """Return the act that does `action` to one execution after the other, whichever of them fail."""

    def act(parts: Parts, documents: Sequence[Document]) -> list[Invalid]:
        failed: list[Invalid] = []
        for document in documents:
            try:
                action(parts, document.id)
            except (CallerError, AuthorError) as error:
                failed.append(Invalid(document.id, str(error)))
        return failed

    return act


def _kill(parts: Parts, execution_id: str) -> control.Shown:
    control.claim(parts, Kill(execution_id, parts.new_id()))
    return {}


SIMPLE: Final = {
    bulk.verb: bulk
    for bulk in (
        Bulk("pause", {State.RUNNING}, "execution not in state RUNNING", each(control.pause)),
        Bulk("resume", {State.PAUSED}, "execution not in state PAUSED", each(control.resume)),
        Bulk("unqueue", {State.QUEUED}, "execution not in state QUEUED", each(control.unqueue)),
        Bulk("force-run", ALIVE, "execution in a terminated state", each(control.force_run)),
        Bulk(
            "restart",
            {State.FAILED, State.PAUSED},
            "execution not in state FAILED",
            each(lambda parts, execution_id: control.restart(parts, execution_id, None)),
        ),
        Bulk(
            "replay",
            frozenset(State),
            "",
            each(lambda parts, execution_id: control.replay(parts, execution_id, None, None)),
        ),
    )
}
"""What is asked for by its name alone."""

KILL: Final = Bulk("kill", ALIVE, "execution already finished", each(_kill))


def change_status(state: State) -> Bulk:
    """Return what puts ended executions into another terminal state. Raises: BadRequest."""
    if not state.is_terminal:
        raise BadRequest("You can only change the status to a terminated state")
    act = each(lambda parts, execution_id: control.change_status(parts, execution_id, state))
    return Bulk("change-status", TERMINAL, "execution not in a terminated state", act)


def set_labels(labels: Sequence[Label]) -> Bulk:
    """Return what merges labels over those of ended executions."""
    act = each(lambda parts, execution_id: control.set_labels(parts, execution_id, labels))
    return Bulk("labels", TERMINAL, "execution is not terminated", act)


def deletion(reach: Reach, *, is_forced: bool) -> Bulk:
    """Return what deletes executions; `is_forced`: also those that have not ended."""

    def act(parts: Parts, documents: Sequence[Document]) -> list[Invalid]:
        delete_all(parts, documents, reach, is_forced=is_forced)
        return []

    states = frozenset(State) if is_forced else TERMINAL
    return Bulk("delete", states, "execution not in a terminated state", act)


def to_ids(parts: Parts, bulk: Bulk, ids: Iterable[str]) -> int:
    """Do it to these executions; return how many. Raises: BulkRefused."""
    found = {execution_id: parts.reader.document(Kind.EXECUTIONS, execution_id) for execution_id in ids}
    invalids = [Invalid(execution_id, "execution not found") for execution_id, known in found.items() if known is None]
    return _do(parts, bulk, [document for document in found.values() if document is not None], invalids)


def to_found(parts: Parts, bulk: Bulk, wanted: Filter) -> int:
    """Do it to all executions that a search finds; return how many. Raises: BulkRefused, BadRequest."""
    documents = list(islice(parts.reader.matching(Kind.EXECUTIONS, wanted), EXECUTIONS_MAX + 1))
    if len(documents) > EXECUTIONS_MAX:
        raise BadRequest(f"The query finds more than {EXECUTIONS_MAX} executions: narrow it, by dates for example")
    return _do(parts, bulk, documents, [])


def _do(parts: Parts, bulk: Bulk, documents: Sequence[Document], invalids: Sequence[Invalid]) -> int:
    wrong = [
        Invalid(document.id, bulk.reason) for document in documents if State(document.body["state"]) not in bulk.states
    ]
    if wrong or invalids:
        raise BulkRefused(bulk.verb, [*invalids, *wrong])
    failed = bulk.act(parts, documents)
    if failed:
        raise BulkRefused(bulk.verb, failed, len(documents) - len(failed))
    return len(documents)
