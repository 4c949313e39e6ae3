"""Windows of time in which several executions must happen."""

from enum import StrEnum
from typing import Final, Self

from pydantic import model_validator

from runfold.flows.duration import Duration
from runfold.flows.schema import Model, rule
from runfold.flows.temporal import Time


class WindowType(StrEnum):
    """How a window begins and ends."""

    DAILY_TIME_DEADLINE = "DAILY_TIME_DEADLINE"
    DAILY_TIME_WINDOW = "DAILY_TIME_WINDOW"
    DURATION_WINDOW = "DURATION_WINDOW"
    SLIDING_WINDOW = "SLIDING_WINDOW"


_ALLOWED: Final = {
    WindowType.DAILY_TIME_DEADLINE: ("deadline",),
    WindowType.DAILY_TIME_WINDOW: ("start_time", "end_time"),
    WindowType.DURATION_WINDOW: ("window", "window_advance"),
    WindowType.SLIDING_WINDOW: ("window",),
}
_NEEDED: Final = {
    WindowType.DAILY_TIME_DEADLINE: ("deadline",),
    WindowType.DAILY_TIME_WINDOW: ("end_time", "start_time"),
    WindowType.DURATION_WINDOW: (),
    WindowType.SLIDING_WINDOW: (),
}
_WORDS: Final = {
    "window": "a window",
    "deadline": "a deadline",
    "start_time": "a start time",
    "end_time": "an end time",
    "window_advance": "a window advance",
}


class TimeWindow(Model):
    """One window; which keys it has follows from its type."""

    type: WindowType = WindowType.DURATION_WINDOW
    deadline: Time | None = None
    window: Duration | None = None
    window_advance: Duration | None = None
    start_time: Time | None = None
    end_time: Time | None = None

    @model_validator(mode="after")
    def _fits_type(self) -> Self:
        given = [name for name in _WORDS if getattr(self, name) is not None]
        if self.type is WindowType.DAILY_TIME_WINDOW and "window" in given:
            given.append("deadline")  # Kestra names both, and its users' checks expect both texts
        wrong = [f"cannot have {_WORDS[name]}" for name in given if name not in _ALLOWED[self.type]]
        wrong += [f"must have {_WORDS[name]}" for name in _NEEDED[self.type] if name not in given]
        if wrong:
            raise rule("\n".join(f"Time window of type `{self.type}` {problem}." for problem in wrong))
        return self
