"""Triggers that never start anything."""

from typing import ClassVar, Final

from runfold.flows.trigger import Trigger


class TriggerWithAlias(Trigger):
    """Have an old name."""

    TYPE: ClassVar[str] = "io.kestra.core.runners.test.TriggerWithAlias"
    ALIASES: ClassVar[tuple[str, ...]] = ("io.kestra.core.runners.test.trigger.Alias",)


class DefaultTriggerTester(Trigger):
    """Have a property that plugin defaults fill."""

    TYPE: ClassVar[str] = "io.kestra.core.services.PluginDefaultServiceTest$DefaultTriggerTester"

    set: int | None = None


TRIGGER_DOUBLES: Final = (TriggerWithAlias, DefaultTriggerTester)
