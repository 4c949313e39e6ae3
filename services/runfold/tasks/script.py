"""
Scripts of flows: shell and Python, as local processes in the attempt's folder.

Reads the files that a task asks for into the folder, runs the commands, stores what they leave.
Rule: templates are rendered first, and what runs then gets nothing of this process but the few
variables of `_environment`.
"""

import os
import re
import shlex
import shutil
import sys
import tempfile
from abc import abstractmethod
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any, ClassVar, Final, Literal

from pydantic import AfterValidator, Field

from runfold.execution.state import State
from runfold.flows.flowable.working_directory import NamespaceFiles
from runfold.flows.schema import NotEmpty, Text, rule
from runfold.flows.task import RunnableTask
from runfold.storage_layout import SCHEME, extension_of
from runfold.tasks.context import Outputs, Result, RunContext, TaskFailed
from runfold.tasks.directory import prepare
from runfold.tasks.process import Command, run_process
from runfold.tasks.script_output import ScriptOutput
from runfold.tasks.storage import copy, opened, stored_matches
from runfold.tasks.values import flag, text_list, text_map

PROCESS: Final = "io.kestra.plugin.core.runner.Process"
SHELLS: Final = frozenset({"sh", "bash", "dash", "ash", "ksh", "zsh"})
PATH: Final = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"
COMMANDS_SIZE_MAX_BYTES: Final = 128 * 1024 - 1
"""The kernel takes no longer argument."""

OFF: Final = (
    "Scripts are off on this worker: RUNFOLD_SCRIPTS_ENABLED=true (or scripts_enabled in the file) turns them on"
)

_ADDRESS: Final = re.compile(rf"{SCHEME}/[^\s'\"`;|&<>()\\$]+")


def _local(runner: Any) -> Any:
    written = runner.get("type") if isinstance(runner, dict) else runner
    if written == PROCESS and set(runner) == {"type"}:
        return runner
    raise rule(f"scripts run as local processes only: the type must be `{PROCESS}`, with nothing else, or left out")


def _not_here(reason: str) -> AfterValidator:
    def refuse(value: Any) -> Any:
        if value is not None:
            raise rule(reason)
        return value

    return AfterValidator(refuse)


NoContainer = _not_here(f"there are no containers here: leave it out, scripts run as local processes ({PROCESS})")
NoPackages = _not_here("packages are not installed here: put them into the worker's own environment")


class ScriptTask(RunnableTask):
    """What all of them have in common."""

    before_commands: Any = None
    env: Any = None
    input_files: Any = None
    output_files: Any = None
    namespace_files: NamespaceFiles | None = None
    interpreter: Annotated[tuple[Text, ...], NotEmpty] = ("/bin/sh", "-c")
    fail_fast: Any = True
    warning_on_std_err: Any = True
    task_runner: Annotated[Any, AfterValidator(_local)] = Field(default_factory=lambda: {"type": PROCESS})
    runner: Literal["PROCESS"] | None = None
    container_image: Text | None = None
    docker: Annotated[Any, NoContainer] = None
    target_os: Literal["LINUX", "AUTO"] = Field(default="AUTO", alias="targetOS")

    def run(self, context: RunContext) -> Outputs:
        if not context.storage.scripts.enabled:
            raise TaskFailed(OFF)
        if self.container_image is not None:
            context.logger.write(
                "WARN", "`containerImage` is ignored: the script runs as a local process, without a container"
            )
        with _place(context.storage.working_dir) as place:
            return self._run(place.seen_by(context), place)

    @abstractmethod
    def own_commands(self, context: RunContext, place: "Place") -> list[str]:
        """Return the commands, rendered. Raises: TaskFailed."""

    def variables(self, place: "Place") -> dict[str, str]:
        """Return what a script of this kind finds in its environment, unless the author says otherwise."""
        return {
            "PATH": os.environ.get("PATH", PATH),
            "HOME": str(place.folder),
            "LANG": "C.UTF-8",
            "TMPDIR": str(place.temporary),
        }

    def _run(self, context: RunContext, place: "Place") -> Outputs:
        prepare(context, self)
        commands = [*self._listed(context, place, self.before_commands, "beforeCommands")]
        commands += self.own_commands(context, place)
        output = ScriptOutput(context)
        command = Command(self._arguments(context, commands), self._environment(context, place), place.folder)
        code = run_process(context, command, context.storage.scripts, output.take)
        outputs: dict[str, Any] = {"exitCode": code, **output.counted()}
        if code != 0:
            raise TaskFailed(f"Command failed with exit code {code}", outputs)
        outputs["outputFiles"] = self._kept(context, place)
        warned = output.stderr_lines > 0 and flag(context, self.warning_on_std_err)
        return Result(outputs, State.WARNING if warned else State.SUCCESS)

    def _listed(self, context: RunContext, place: "Place", written: Any, name: str) -> list[str]:
        if written is None:
            return []
        return [place.with_local_files(context, command) for command in text_list(context, written, name)]

    def _arguments(self, context: RunContext, commands: list[str]) -> list[str]:
        interpreter = text_list(context, list(self.interpreter), "interpreter")
        is_shell = Path(interpreter[0]).name in SHELLS
        text = "\n".join(["set -e", *commands] if is_shell and flag(context, self.fail_fast) else commands)
        if len(text.encode()) > COMMANDS_SIZE_MAX_BYTES:
            raise TaskFailed(
                f"The commands have more than {COMMANDS_SIZE_MAX_BYTES} bytes: put them into a file by `inputFiles`"
            )
        return [*interpreter, text]

    def _environment(self, context: RunContext, place: "Place") -> dict[str, str]:
        """Return all that the script finds in its environment: nothing else of this process gets there."""
        own = {} if self.env is None else text_map(context, self.env, "env")
        wrong = next((name for name in own if not name or "=" in name or "\x00" in name + own[name]), None)
        if wrong is not None:
            raise TaskFailed(f"`env` has a name or value that no environment can hold: {wrong[:100]!r}")
        return {**self.variables(place), **own}

    def _kept(self, context: RunContext, place: "Place") -> dict[str, str]:
        """Store what the script put into `outputDir`, and what it was asked for."""
        found = stored_matches(context, place.output, ["**"])
        place.tidy()
        if self.output_files is not None:
            wanted = text_list(context, self.output_files, "outputFiles")
            found |= stored_matches(context, place.folder, wanted)
        return found


@dataclass(frozen=True, slots=True)
class Place:
    """The folder of a script, and in it one that is ours and goes first."""

    folder: Path
    own: Path

    @property
    def output(self) -> Path:
        """Where a script leaves files that are outputs, whatever their names."""
        return self.own / "output"

    @property
    def temporary(self) -> Path:
        return self.own / "tmp"

    def seen_by(self, context: RunContext) -> RunContext:
        """Return the context in which templates know the folders."""
        return context.with_variables({"workingDir": str(self.folder), "outputDir": str(self.output)})

    def with_local_files(self, context: RunContext, text: str) -> str:
        """Return `text` with each address of the storage replaced by the path of a copy. Raises: TaskFailed."""
        copies: dict[str, str] = {}

        def local(found: re.Match[str]) -> str:
            address = found[0]
            if address not in copies:
                copies[address] = str(self._copied(context, address))
            return copies[address]

        return _ADDRESS.sub(local, text)

    def _copied(self, context: RunContext, address: str) -> Path:
        handle, name = tempfile.mkstemp(extension_of(address), "in-", self.own)
        with opened(context, address) as content, os.fdopen(handle, "wb") as file:
            copy(context, content, file)
        return Path(name)

    def tidy(self) -> None:
        """Remove what is ours."""
        shutil.rmtree(self.own, ignore_errors=True)


@contextmanager
def _place(folder: Path) -> Iterator[Place]:
    folder = folder.resolve()
    place = Place(folder, Path(tempfile.mkdtemp(prefix=".script-", dir=folder)))
    try:
        place.output.mkdir()
        place.temporary.mkdir()
        yield place
    finally:
        place.tidy()


class _Commands(ScriptTask):
    commands: Any

    def own_commands(self, context: RunContext, place: Place) -> list[str]:
        found = self._listed(context, place, self.commands, "commands")
        if not found:
            raise TaskFailed("`commands` is empty")
        return found


class _Python(ScriptTask):
    dependencies: Annotated[Any, NoPackages] = None

    def variables(self, place: Place) -> dict[str, str]:
        """Let `python` be the worker's own, see the folder's modules, and write lines when they come."""
        common = super().variables(place)
        path = f"{Path(sys.executable).parent}:{common['PATH']}" if sys.executable else common["PATH"]
        return {**common, "PATH": path, "PYTHONPATH": str(place.folder), "PYTHONUNBUFFERED": "1"}


class ShellCommands(_Commands):
    """Run shell commands."""

    TYPE: ClassVar[str] = "io.kestra.plugin.scripts.shell.Commands"


class ShellScript(ScriptTask):
    """Run a shell script."""

    TYPE: ClassVar[str] = "io.kestra.plugin.scripts.shell.Script"

    script: Text

    def own_commands(self, context: RunContext, place: Place) -> list[str]:
        return [place.with_local_files(context, context.render(self.script) or "")]


class PythonCommands(_Commands, _Python):
    """Run shell commands where `python` is the worker's."""

    TYPE: ClassVar[str] = "io.kestra.plugin.scripts.python.Commands"


class PythonScript(_Python):
    """Run a Python program with the worker's Python."""

    TYPE: ClassVar[str] = "io.kestra.plugin.scripts.python.Script"

    script: Text

    def own_commands(self, context: RunContext, place: Place) -> list[str]:
        text = place.with_local_files(context, context.render(self.script) or "")
        program = place.own / "script.py"
        program.write_text(text, encoding="utf-8")
        return [f"{shlex.quote(sys.executable or 'python3')} {shlex.quote(str(program))}"]


SCRIPT_TASKS: Final = (ShellCommands, ShellScript, PythonCommands, PythonScript)
