"""
Tasks that remember a map from one execution to the next: of the flow, or of its whole namespace.

The map is one pair of the namespace. Two executions that set it at the same time: the later one wins.
"""

import hashlib
from collections.abc import Mapping
from typing import Any, ClassVar, Final

from runfold.adapters.kv_store import KvStore
from runfold.adapters.kv_values import KvType, KvValue
from runfold.flows.schema import Text
from runfold.flows.task import RunnableTask
from runfold.storage_layout import slug
from runfold.tasks.context import Outputs, RunContext, TaskFailed
from runfold.tasks.values import flag

STATES: Final = "states_tasks-states"


class State(RunnableTask):
    """
    Which map: `name`, of the flow (`namespace`: of the namespace).

    `taskrunValue`: each iteration of a loop has its own.
    """

    name: Text = "default"
    namespace: Any = False
    taskrun_value: Any = True

    def key(self, context: RunContext) -> str:
        """Return the key of the pair."""
        name = context.render(self.name) or "default"
        parts = [] if flag(context, self.namespace) else [slug(context.flow_id)]
        parts += [STATES, slug(name) or _short(name)]
        value = context.variables.get("taskrun", {}).get("value")
        if value is not None and flag(context, self.taskrun_value):
            parts.append(_short(value))
        return "_".join(parts)

    @staticmethod
    def store(context: RunContext) -> KvStore:
        """Return the pairs that it is among."""
        return context.storage.kv(context.namespace)

    def found(self, context: RunContext) -> dict[str, Any] | None:
        """Return the map; None: there is none."""
        found = self.store(context).get(self.key(context))
        return dict(found.value.value) if found is not None and isinstance(found.value.value, Mapping) else None


class Set(State):
    """Add `data` to the map."""

    TYPE: ClassVar[str] = "io.kestra.plugin.core.state.Set"

    data: dict[str, Any] | None = None

    def run(self, context: RunContext) -> Outputs:
        rendered = context.render_deep(self.data or {})
        merged = {**(self.found(context) or {}), **rendered}
        key = self.key(context)
        self.store(context).put(key, KvValue(KvType.JSON, merged))
        return {"count": len(merged), "key": key}


class Get(State):
    """Give the map."""

    TYPE: ClassVar[str] = "io.kestra.plugin.core.state.Get"

    error_on_missing: Any = False

    def run(self, context: RunContext) -> Outputs:
        found = self.found(context)
        if found is None:
            _miss(context, self.error_on_missing, self.key(context))
        return {"count": len(found or {}), "data": found or {}}


class Delete(State):
    """Forget the map."""

    TYPE: ClassVar[str] = "io.kestra.plugin.core.state.Delete"

    error_on_missing: Any = False

    def run(self, context: RunContext) -> Outputs:
        deleted = self.store(context).delete(self.key(context))
        if not deleted:
            _miss(context, self.error_on_missing, self.key(context))
        return {"deleted": deleted}


def _short(text: str) -> str:
    return hashlib.blake2b(text.encode("utf-8", "backslashreplace"), digest_size=16).hexdigest()


def _miss(context: RunContext, error_on_missing: Any, key: str) -> None:
    if flag(context, error_on_missing):
        raise TaskFailed(f"State {key} not found")


STATE_TASKS: Final = (Set, Get, Delete)
