"""
Every error this system raises on purpose, grouped by what the reader must do.

    RunfoldError
    ├── AuthorError            the flow is wrong: fix the YAML (HTTP 422)
    │   ├── FlowInvalid          carries each violation with line and column
    │   ├── InputsInvalid        carries each wrong input
    │   └── ExpressionFailed     a template that cannot be rendered
    ├── CallerError            the request is wrong: fix the call (HTTP 4xx)
    │   ├── BadRequest           422: a parameter that cannot be read
    │   │   └── QueryInvalid       a query that cannot be read; carries the column
    │   ├── NotEnded             400: it must have ended first
    │   ├── NotFound             404
    │   ├── Gone                 410: it was there, its time is up
    │   └── Conflict             409: not in this state
    ├── Unavailable            a backend is away: wait, then try again (HTTP 503)
    └── BrokenInvariant        we are wrong: stop, keep the log, fix the code
        └── IllegalTransition

A task that fails is not in this tree. It is a fact, `AttemptEnded(state=FAILED)`.
"""

from dataclasses import dataclass


class RunfoldError(Exception):
    """Anything this system raises on purpose."""


class AuthorError(RunfoldError):
    """The flow is wrong: fix the YAML."""


@dataclass(frozen=True, slots=True)
class Violation:
    """One thing that is wrong with a flow; `line` and `column` count from 1 (0: unknown)."""

    message: str
    path: str = ""
    line: int = 0
    column: int = 0

    def __str__(self) -> str:
        return f"{self.path}: {self.message}" if self.path else self.message


class FlowInvalid(AuthorError):
    """The YAML is no flow that could run."""

    def __init__(self, violations: tuple[Violation, ...]) -> None:
        super().__init__("\n".join(str(violation) for violation in violations))
        self.violations = violations


@dataclass(frozen=True, slots=True)
class InputError:
    """One input that cannot be taken, in words for the person who gave it."""

    input_id: str
    message: str


class InputsInvalid(AuthorError):
    """The inputs given do not fit those declared."""

    def __init__(self, errors: tuple[InputError, ...]) -> None:
        super().__init__("\n".join(error.message for error in errors))
        self.errors = errors


class ExpressionFailed(AuthorError):
    """A template that cannot be rendered. Its text never shows a value, only names."""


class CallerError(RunfoldError):
    """The request is wrong: fix the call."""


class BadRequest(CallerError):
    """A parameter or body that cannot be read."""


class QueryInvalid(BadRequest):
    """A query that cannot be read: what to do instead, and the column, from 1, where reading stopped."""

    def __init__(self, message: str, column: int, path: str = "query") -> None:
        super().__init__(message)
        self.column = column
        self.path = path


class NotEnded(CallerError):
    """The thing is still at work, and this needs it to have ended."""


class NotFound(CallerError):
    """No such thing."""


class Gone(CallerError):
    """The thing was there, and its time is up."""


class Conflict(CallerError):
    """The thing is there, but not in a state that allows this."""


class Unavailable(RunfoldError):
    """A backend is away: wait, then try again."""


class BrokenInvariant(RunfoldError):
    """We are wrong: stop, keep the log, fix the code."""


class IllegalTransition(BrokenInvariant):
    """A fact that moves a task run or an execution where its state machine does not lead."""
