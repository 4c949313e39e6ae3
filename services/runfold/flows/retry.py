"""
Retries: their three forms, and when the next attempt is due. Pure: the dice and the clock are arguments.

`maxAttempt` counts all attempts, the first included; `maxAttempts` is taken too.
"""

from abc import abstractmethod
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Annotated, Literal, Self

from pydantic import AliasChoices, Field, SerializeAsAny, model_validator

from runfold.flows.duration import Duration, format_duration
from runfold.flows.schema import Flag, Model, by_type, rule

FACTOR = 2.0
"""Of an exponential retry that names none."""


class Behavior(StrEnum):
    """What is done again: the failed task, or the whole flow as a new execution."""

    RETRY_FAILED_TASK = "RETRY_FAILED_TASK"
    CREATE_NEW_EXECUTION = "CREATE_NEW_EXECUTION"


class RetryBase(Model):
    """What all three forms have."""

    max_attempt: Annotated[
        int | None,
        Field(ge=1, validation_alias=AliasChoices("maxAttempt", "maxAttempts")),
    ] = None
    max_duration: Duration | None = None
    warning_on_retry: Flag = False
    behavior: Behavior = Behavior.RETRY_FAILED_TASK

    @abstractmethod
    def delay(self, attempts: int, fraction: float) -> timedelta:
        """Return how long to wait after the attempt number `attempts`."""


class ConstantRetry(RetryBase):
    """The same pause each time."""

    type: Literal["constant"]
    interval: Duration

    @model_validator(mode="after")
    def _bounds(self) -> Self:
        _less("interval", self.interval, "maxDuration", self.max_duration)
        return self

    def delay(self, attempts: int, fraction: float) -> timedelta:  # noqa: ARG002 - always the same
        return self.interval


class ExponentialRetry(RetryBase):
    """Pauses that grow by `delayFactor`, up to `maxInterval`."""

    type: Literal["exponential"]
    interval: Duration
    max_interval: Duration
    delay_factor: float | None = Field(default=None, ge=0)

    @model_validator(mode="after")
    def _bounds(self) -> Self:
        _less("interval", self.interval, "maxDuration", self.max_duration)
        _less("interval", self.interval, "maxInterval", self.max_interval)
        return self

    def delay(self, attempts: int, fraction: float) -> timedelta:  # noqa: ARG002 - no dice here
        factor = FACTOR if self.delay_factor is None else self.delay_factor
        try:
            return min(self.max_interval, self.interval * factor ** (attempts - 1))
        except OverflowError:
            return self.max_interval


class RandomRetry(RetryBase):
    """A pause anywhere between two bounds."""

    type: Literal["random"]
    min_interval: Duration
    max_interval: Duration

    @model_validator(mode="after")
    def _bounds(self) -> Self:
        _less("minInterval", self.min_interval, "maxInterval", self.max_interval)
        _less("minInterval", self.min_interval, "maxDuration", self.max_duration)
        if self.max_duration is not None and self.min_interval < self.max_duration:
            _less("maxInterval", self.max_interval, "maxDuration", self.max_duration)
        return self

    def delay(self, attempts: int, fraction: float) -> timedelta:  # noqa: ARG002 - only the dice count
        return self.min_interval + (self.max_interval - self.min_interval) * fraction


Retry = Annotated[
    SerializeAsAny[RetryBase],
    by_type({"constant": ConstantRetry, "exponential": ExponentialRetry, "random": RandomRetry}),
]
"""A retry of whatever form its map names."""


def _less(name: str, value: timedelta, bound_name: str, bound: timedelta | None) -> None:
    if bound is not None and value >= bound:
        raise rule(f"'{name}' must be less than '{bound_name}' but is {format_duration(value)}")


def next_attempt(
    retry: RetryBase,
    attempts: int,
    first_started: datetime,
    last_ended: datetime,
    fraction: float,
) -> datetime | None:
    """
    Return when to try again after `attempts` attempts, None when no more.

    `fraction`: of the dice, in [0, 1), used by random retries alone.

    Source: documented formula of exponential retries, `interval * delayFactor ** (attempts - 1)`.
    """
    if retry.max_attempt is not None and attempts >= retry.max_attempt:
        return None
    try:
        due = last_ended + retry.delay(attempts, fraction)
    except OverflowError:
        return None
    if retry.max_duration is not None and due > first_started + retry.max_duration:
        return None
    return due
