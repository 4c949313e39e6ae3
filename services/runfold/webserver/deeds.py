"""
What can be done to many executions or task runs at once: item by item, with an answer for each.

A deed on a task run is done to its execution where the engine knows no other: a kill, a restart, labels. The
rule: what a dry run says and what is done come from the same check, on what is known when it is asked.
"""

from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Any, Final

from runfold.adapters.purging import Reach
from runfold.documents.model import Document, Kind
from runfold.errors import BadRequest, RunfoldError
from runfold.execution.model import Label
from runfold.execution.state import TERMINAL, State
from runfold.webserver import control
from runfold.webserver.bulk import KILL, SIMPLE, Bulk, change_status, deletion, set_labels
from runfold.webserver.jobs import Result
from runfold.webserver.parts import Parts

LABELS_MAX: Final = 100


@dataclass(frozen=True, slots=True)
class Item:
    """One thing that was chosen, and the execution that it belongs to."""

    chosen: Document
    execution: Document

    @property
    def state(self) -> State:
        """The execution's state."""
        return State(self.execution.body["state"])

    def result(self, words: str, *, is_ok: bool, created: str | None = None) -> Result:
        """Return what became of it."""
        return Result(self.chosen.id, self.execution.id, is_ok, words, created)

    @property
    def taskrun_id(self) -> str | None:
        return self.chosen.id if self.chosen.kind is Kind.TASKRUNS else None


@dataclass(frozen=True, slots=True)
class Deed:
    """
    Something to be done.

    `refusal`: why it can't be done to an item; None: it can. `would`: what it does, in words. `act` returns the
    id of the execution that it makes, if it makes one. `is_whole`: it is done once to an execution, however many
    of its task runs are chosen.
    """

    refusal: Callable[[Item], str | None]
    would: Callable[[Item], str]
    act: Callable[[Parts, Item], str | None]
    is_whole: bool = True


def _in(states: Collection[State], reason: str) -> Callable[[Item], str | None]:
    return lambda item: None if item.state in states else f"{reason}: it is {item.state}"


def _whole(verb: str) -> Callable[[Item], str]:
    return lambda item: f"{verb} execution {item.execution.id}"


def _same_as(bulk: Bulk, verb: str, reason: str) -> Deed:
    """Return the deed that does to an execution what `bulk` does, where it does it; told in these words."""

    def act(parts: Parts, item: Item) -> None:
        failed = bulk.act(parts, [item.execution])
        if failed:
            raise BadRequest(failed[0].reason)

    return Deed(_in(bulk.states, reason), _whole(verb), act)


_SIMPLE: Final[Mapping[str, Deed]] = {
    "kill": _same_as(KILL, "Kill", "The execution has ended"),
    "pause": _same_as(SIMPLE["pause"], "Pause", "The execution does not run"),
    "resume": _same_as(SIMPLE["resume"], "Resume", "The execution is not paused"),
    "unqueue": _same_as(SIMPLE["unqueue"], "Run", "The execution is not queued"),
    "forceRun": _same_as(SIMPLE["force-run"], "Run", "The execution has ended"),
    "restart": _same_as(SIMPLE["restart"], "Restart", "Only what failed or is paused can be restarted"),
}

ACTIONS: Final = (*_SIMPLE, "replay", "changeState", "labels", "delete")


def deed_of(action: str, kind: Kind, parameters: Mapping[str, Any]) -> Deed:
    """Return the deed of that name. Raises: BadRequest: there is none, or its parameters can't be."""
    match action:
        case "replay":
            return Deed(lambda _: None, _replay_words, _replay, is_whole=False)
        case "changeState":
            return _change_state(kind, parameters)
        case "labels":
            return _set_labels(parameters)
        case "delete":
            return _delete(parameters)
    simple = _SIMPLE.get(action)
    if simple is None:
        raise BadRequest(f"Invalid action: {action[:50]!r} is none of {', '.join(ACTIONS)}")
    return simple


def _replay_words(item: Item) -> str:
    begin = "" if item.taskrun_id is None else f" from task {item.chosen.body['taskId']}"
    return f"Start execution {item.execution.id} again as a new one{begin}"


def _replay(parts: Parts, item: Item) -> str:
    return str(control.replay(parts, item.execution.id, item.taskrun_id, None)["id"])


def _change_state(kind: Kind, parameters: Mapping[str, Any]) -> Deed:
    try:
        state = State(str(parameters.get("state", "")).upper())
    except ValueError as error:
        raise BadRequest("Invalid parameters.state: the state to change to is needed, such as SUCCESS") from error
    if kind is Kind.TASKRUNS:

        def change(parts: Parts, item: Item) -> None:
            control.change_state(parts, item.execution.id, item.chosen.id, state)

        ends = TERMINAL | {State.PAUSED}
        words = _in(ends, "Task runs of an execution that goes on can't be changed")
        return Deed(words, lambda item: f"Put task run {item.chosen.id} into {state}", change, is_whole=False)
    if not state.is_terminal:
        raise BadRequest("Invalid parameters.state: an execution can only be put into a terminal state")
    return _same_as(change_status(state), f"Put into {state}:", "The execution has not ended")


def _set_labels(parameters: Mapping[str, Any]) -> Deed:
    given = parameters.get("labels")
    if not isinstance(given, Mapping) or not given or len(given) > LABELS_MAX:
        raise BadRequest('Invalid parameters.labels: a map of keys to values is needed, such as {"team": "blue"}')
    labels = [Label(str(key), str(value)) for key, value in given.items()]
    words = ", ".join(f"{label.key}={label.value}" for label in labels)
    return _same_as(set_labels(labels), f"Set {words} on", "The execution has not ended")


def _delete(parameters: Mapping[str, Any]) -> Deed:
    reach = Reach(
        logs=parameters.get("deleteLogs", True) is not False,
        metrics=parameters.get("deleteMetrics", True) is not False,
        files=parameters.get("deleteStorage", True) is not False,
    )
    ended = replace(deletion(reach, is_forced=True), states=TERMINAL)
    return _same_as(ended, "Delete", "The execution has not ended")


def done(parts: Parts, deed: Deed, items: Iterable[Item], *, is_dry: bool) -> Iterator[Result]:
    """Do it to each item (`is_dry`: only say whether it could be done) and yield what came of it."""
    before: set[str] = set()
    for item in items:
        refusal = deed.refusal(item)
        if refusal is not None:
            yield item.result(refusal, is_ok=False)
            continue
        words = deed.would(item)
        created = None
        is_done = deed.is_whole and item.execution.id in before
        before.add(item.execution.id)
        if not is_dry and not is_done:
            try:
                created = deed.act(parts, item)
            except RunfoldError as error:
                yield item.result(str(error), is_ok=False)
                continue
        yield item.result(words, is_ok=True, created=created)
