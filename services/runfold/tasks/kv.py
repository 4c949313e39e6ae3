"""Tasks on the key-value pairs of a namespace."""

from typing import Any, ClassVar, Final

from runfold.adapters.kv_values import KvType, KvValue, of_json, of_text, of_type
from runfold.flows.schema import Text
from runfold.flows.task import RunnableTask
from runfold.tasks.context import Outputs, RunContext, TaskFailed
from runfold.tasks.values import flag, namespace_of, required


class Set(RunnableTask):
    """Store a pair. A text that says a number, a date or JSON is stored as such, unless `kvType` says otherwise."""

    TYPE: ClassVar[str] = "io.kestra.plugin.core.kv.Set"

    key: Text
    value: Any
    namespace: Text | None = None
    overwrite: Any = True
    ttl: Text | None = None
    kv_type: KvType | None = None

    def run(self, context: RunContext) -> Outputs:
        store = context.storage.kv(namespace_of(context, self.namespace))
        ttl = None if self.ttl is None else context.duration(self.ttl)
        key = required(context, self.key, "key")
        store.put(key, self._value(context), ttl, overwrite=flag(context, self.overwrite))
        return None

    def _value(self, context: RunContext) -> KvValue:
        rendered = context.render_deep(self.value)
        if self.kv_type is not None:
            return of_type(self.kv_type, rendered)
        return of_text(rendered) if isinstance(rendered, str) else of_json(rendered)


class Get(RunnableTask):
    """Give the value of a pair; null if there is none."""

    TYPE: ClassVar[str] = "io.kestra.plugin.core.kv.Get"

    key: Text
    namespace: Text | None = None
    error_on_missing: Any = False

    def run(self, context: RunContext) -> Outputs:
        store = context.storage.kv(namespace_of(context, self.namespace))
        key = required(context, self.key, "key")
        found = store.get(key)
        if found is None:
            _miss(context, self.error_on_missing, key, store.namespace)
        return {"value": None if found is None else found.value.value}


class GetKeys(RunnableTask):
    """Give the keys that begin with `prefix`."""

    TYPE: ClassVar[str] = "io.kestra.plugin.core.kv.GetKeys"

    prefix: Text | None = None
    namespace: Text | None = None

    def run(self, context: RunContext) -> Outputs:
        store = context.storage.kv(namespace_of(context, self.namespace))
        return {"keys": [entry.key for entry in store.entries(context.render(self.prefix) or "")]}


class Delete(RunnableTask):
    """Remove a pair."""

    TYPE: ClassVar[str] = "io.kestra.plugin.core.kv.Delete"

    key: Text
    namespace: Text | None = None
    error_on_missing: Any = False

    def run(self, context: RunContext) -> Outputs:
        store = context.storage.kv(namespace_of(context, self.namespace))
        key = required(context, self.key, "key")
        deleted = store.delete(key)
        if not deleted:
            _miss(context, self.error_on_missing, key, store.namespace)
        return {"deleted": deleted}


def _miss(context: RunContext, error_on_missing: Any, key: str, namespace: str) -> None:
    """Fail if a missing pair is an error."""
    if flag(context, error_on_missing):
        where = f"for key '{key}' in namespace '{namespace}'"
        raise TaskFailed(f"No value found {where} and `errorOnMissing` is set to true")


KV_TASKS: Final = (Set, Get, GetKeys, Delete)
