"""
States of executions, task runs and attempts, and where each may lead.

Rule: whatever moves a state asks this table; docs and tests are made from it.
"""

from collections.abc import Mapping
from datetime import datetime
from enum import StrEnum
from typing import Final

import msgspec


class State(StrEnum):
    """A state's name, as in JSON, in the search and on the page."""

    CREATED = "CREATED"
    SUBMITTED = "SUBMITTED"
    RUNNING = "RUNNING"
    PAUSED = "PAUSED"
    RESTARTED = "RESTARTED"
    KILLING = "KILLING"
    SUCCESS = "SUCCESS"
    WARNING = "WARNING"
    FAILED = "FAILED"
    KILLED = "KILLED"
    CANCELLED = "CANCELLED"
    QUEUED = "QUEUED"
    RETRYING = "RETRYING"
    RETRIED = "RETRIED"
    SKIPPED = "SKIPPED"

    @property
    def is_terminal(self) -> bool:
        return self in TERMINAL

    @property
    def is_running(self) -> bool:
        return self in {State.RUNNING, State.KILLING}


S = State
TERMINAL: Final = frozenset({S.SUCCESS, S.WARNING, S.FAILED, S.KILLED, S.CANCELLED, S.RETRIED, S.SKIPPED})

#: A restart, a replay or a person marking a task run leads out of a terminal state; nothing else does.
_AGAIN: Final = frozenset({S.RESTARTED, S.RUNNING})
_ENDS: Final = frozenset({S.SUCCESS, S.WARNING, S.FAILED, S.KILLED})

MOVES_OF_TASKRUN: Final[Mapping[State, frozenset[State]]] = {
    S.CREATED: frozenset({S.RUNNING, S.SKIPPED, S.FAILED, S.KILLED, S.CANCELLED}),
    S.RUNNING: _ENDS | {S.PAUSED, S.KILLING, S.RETRYING, S.RETRIED, S.CREATED, S.CANCELLED},
    S.PAUSED: frozenset(
        {S.RUNNING, S.FAILED, S.KILLING, S.KILLED, S.SUCCESS, S.WARNING, S.CANCELLED, S.RESTARTED, S.CREATED}
    ),
    S.KILLING: _ENDS,
    S.RETRYING: frozenset({S.CREATED, S.RUNNING, S.KILLED, S.FAILED, S.CANCELLED}),
    S.RESTARTED: frozenset({S.RUNNING, S.SKIPPED, S.FAILED, S.KILLED, S.CANCELLED}),
    S.FAILED: _AGAIN | {S.RETRYING, S.RETRIED, S.WARNING, S.SUCCESS},
    S.SUCCESS: _AGAIN,
    S.WARNING: _AGAIN,
    S.KILLED: _AGAIN,
    S.CANCELLED: _AGAIN,
    S.RETRIED: frozenset(),
    S.SKIPPED: _AGAIN,
}

MOVES_OF_EXECUTION: Final[Mapping[State, frozenset[State]]] = {
    S.CREATED: frozenset({S.RUNNING, S.RESTARTED, S.QUEUED, S.PAUSED, S.KILLING, S.FAILED, S.CANCELLED, S.SUCCESS}),
    S.QUEUED: frozenset({S.RUNNING, S.KILLING, S.CANCELLED}),
    S.RUNNING: _ENDS | {S.PAUSED, S.KILLING, S.RETRYING, S.RETRIED, S.CANCELLED},
    S.PAUSED: frozenset({S.RUNNING, S.RESTARTED, S.KILLING, S.FAILED, S.CANCELLED, S.RETRIED}),
    S.RESTARTED: _ENDS | {S.RUNNING, S.PAUSED, S.KILLING, S.CANCELLED, S.RETRIED},
    S.RETRYING: frozenset({S.RUNNING, S.KILLING, S.FAILED, S.CANCELLED, S.PAUSED, S.RETRIED}),
    S.KILLING: frozenset({S.KILLED}),
    S.SUCCESS: TERMINAL | {S.RESTARTED},
    S.WARNING: TERMINAL | {S.RESTARTED},
    S.FAILED: TERMINAL | {S.RESTARTED},
    S.KILLED: TERMINAL | {S.RESTARTED},
    S.CANCELLED: TERMINAL | {S.RESTARTED},
    S.RETRIED: TERMINAL,
    S.SKIPPED: TERMINAL,
}


class Entry(msgspec.Struct, frozen=True, gc=False):
    """One line of a history: since when a state holds."""

    state: State
    date: datetime


History = tuple[Entry, ...]
"""Oldest first, never empty; the last entry is the present state."""
