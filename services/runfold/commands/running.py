"""
Running a flow from the command line: ask for an execution, and watch it to its end.
"""

import threading
from collections.abc import Mapping, Sequence
from contextlib import ExitStack
from typing import Final

from rich.live import Live

from runfold.assembly import new_id, utc_now
from runfold.commands.table import table
from runfold.commands.terminal import err
from runfold.embedded import Engine
from runfold.errors import CallerError
from runfold.execution.request import ExecutionRequest, Origin, render_for, start_claim
from runfold.executor.outbox import claim_message
from runfold.flows.model import Flow
from runfold.webserver.view import Seen

REDRAWN_EACH_S: Final = 0.1
ASKED_EACH_S: Final = 0.5
"""How often a run that says nothing is looked at, in case that everything else was told to stop."""


def inputs_of(pairs: Sequence[str]) -> Mapping[str, str]:
    """
    Return inputs written `key=value`.

    Raises:
        CallerError: One has no `=`.
    """
    for pair in pairs:
        if "=" not in pair:
            raise CallerError(f"An input is written key=value, not: {pair}")
    return dict(pair.split("=", 1) for pair in pairs)


def start(engine: Engine, flow: Flow, inputs: Mapping[str, str]) -> str:
    """
    Ask for an execution of a stored flow; return its id.

    Raises:
        InputsInvalid: What was given does not fit what the flow declares.
        Conflict: The flow is disabled.
    """
    execution_id = new_id()
    request = ExecutionRequest(namespace=flow.namespace, flow_id=flow.id, inputs=dict(inputs))
    origin = Origin(execution_id, f"{execution_id}.start")
    core = engine.core
    render = render_for(flow, core.expressions.evaluate, core.settings.surroundings())
    claim = start_claim(flow, request, origin, render, core.encrypt)
    engine.core.broker.publish([claim_message(claim)])
    return execution_id


def watch(engine: Engine, title: str, execution_id: str, stop: threading.Event, *, shown: bool) -> Seen | None:
    """
    Follow an execution to its end (or until `stop`); return what was last seen of it.

    `shown`: in a table, live where a person looks on, else once at the end.
    """
    changed = threading.Event()
    with ExitStack() as closing:
        closing.enter_context(engine.tail.watching(execution_id, changed.set))
        live = closing.enter_context(Live(console=err, auto_refresh=False)) if shown and err.is_terminal else None
        while True:
            seen = engine.tail.get(execution_id)
            if live is not None:
                live.update(table(title, seen, utc_now()), refresh=True)
            if has_ended(seen) or stop.wait(REDRAWN_EACH_S):
                break
            changed.wait(ASKED_EACH_S)
            changed.clear()
    if shown and live is None:
        err.print(table(title, seen, utc_now()))
    return seen


def has_ended(seen: Seen | None) -> bool:
    """Return whether an execution is over."""
    return seen is not None and seen.execution is not None and seen.execution.state.is_terminal
