"""Tasks that the executor runs."""

from collections.abc import Mapping
from typing import Any, ClassVar, Final

from pydantic import Field

from runfold.flows.flowable.sequential import Sequential
from runfold.flows.flowable.subflow import Subflow
from runfold.flows.schema import Text
from runfold.flows.task import Entry, Evaluate


class BadSequential(Sequential):
    """Not know how it ends."""

    TYPE: ClassVar[str] = "io.kestra.core.tasks.test.BadSequential"

    def ends_in(self, state: str) -> str:
        raise ValueError(f"no end for {state}")


class BadExecutable(Subflow):
    """Not know what to make of its child's end."""

    TYPE: ClassVar[str] = "io.kestra.core.tasks.test.BadExecutable"
    ALIASES: ClassVar[tuple[str, ...]] = ()

    def outputs_of(self, child: Mapping[str, Any]) -> dict[str, Any]:
        raise ValueError(f"nothing can be made of {child}")


class DefaultSequential1(Sequential):
    """Give `def` as output."""

    TYPE: ClassVar[str] = "io.kestra.core.runners.PluginDefaultsCaseTest$DefaultSequential1"

    def_: Text | None = Field(default=None, alias="def")

    def enter(self, evaluate: Evaluate) -> Entry:  # noqa: ARG002 - nothing to render
        return Entry(outputs={"def": self.def_})


class DefaultSequential2(DefaultSequential1):
    """As the first."""

    TYPE: ClassVar[str] = "io.kestra.core.runners.PluginDefaultsCaseTest$DefaultSequential2"


class DefaultSequential3(DefaultSequential1):
    """As the first."""

    TYPE: ClassVar[str] = "io.kestra.core.runners.PluginDefaultsCaseTest$DefaultSequential3"


FLOWABLE_DOUBLES: Final = (
    BadSequential,
    BadExecutable,
    DefaultSequential1,
    DefaultSequential2,
    DefaultSequential3,
)
