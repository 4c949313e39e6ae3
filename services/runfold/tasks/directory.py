"""What tasks with a folder do with files before and after: a WorkingDirectory, a script."""

from typing import Any, Protocol

from runfold.execution.model import Json
from runfold.flows.flowable.working_directory import NamespaceFiles, WorkingDirectory
from runfold.tasks.context import RunContext
from runfold.tasks.storage import local_place, matcher, stored_matches, write_local
from runfold.tasks.values import text_list, text_map

CHUNK_SIZE_BYTES = 1024 * 1024


class WantsFiles(Protocol):
    """A task that is given files."""

    @property
    def namespace_files(self) -> NamespaceFiles | None: ...

    @property
    def input_files(self) -> Any: ...


def prepare(context: RunContext, task: WantsFiles) -> None:
    """Put the namespace's files into the folder, then the task's own. Raises: TaskFailed, CallerError."""
    if task.namespace_files is not None and task.namespace_files.enabled:
        _copy_namespace_files(context, task.namespace_files)
    if task.input_files is not None:
        for name, value in text_map(context, task.input_files, "inputFiles").items():
            write_local(context, context.storage.working_dir, name, value)


def _copy_namespace_files(context: RunContext, wanted: NamespaceFiles) -> None:
    included = matcher(text_list(context, list(wanted.include), "include")) if wanted.include else lambda _name: True
    excluded = matcher(text_list(context, list(wanted.exclude), "exclude"))
    for namespace in text_list(context, list(wanted.namespaces), "namespaces") or [context.namespace]:
        source = context.storage.namespace_files(namespace)
        for path in source.paths():
            if not included(path) or excluded(path):
                continue
            place = local_place(context.storage.working_dir, path)
            place.parent.mkdir(parents=True, exist_ok=True)
            with source.open(path) as content, place.open("wb") as file:
                while chunk := content.read(CHUNK_SIZE_BYTES):
                    file.write(chunk)


def collected(context: RunContext, task: WorkingDirectory) -> dict[str, Json] | None:
    """Store the files that the task names; return their addresses as `outputFiles`. Raises: TaskFailed."""
    if task.output_files is None:
        return None
    patterns = text_list(context, task.output_files, "outputFiles")
    return {"outputFiles": stored_matches(context, context.storage.working_dir, patterns)}
