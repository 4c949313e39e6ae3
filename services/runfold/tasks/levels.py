"""How a `level` property becomes a log level."""

from runfold.flows.task import Level
from runfold.tasks.context import RunContext, TaskFailed


def level_of(context: RunContext, written: str) -> Level:
    """Return the level that `written`, a name or a template, gives. Raises: TaskFailed."""
    name = (context.render(written) or "").strip().upper()
    try:
        return Level(name)
    except ValueError:
        raise TaskFailed(f"There is no log level `{name}`; there are {', '.join(Level)}") from None
