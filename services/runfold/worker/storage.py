"""
What an attempt may reach outside of itself: files, pairs, log lines, and a folder of its own.

`Outside` is the worker's, one for all attempts; `AttemptStorage` is one attempt's view of it.
"""

import shutil
import tempfile
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from threading import Lock

from runfold.adapters.execution_access import ExecutionAccess
from runfold.adapters.execution_files import Owner, TaskFiles
from runfold.adapters.file_storage import MemoryFiles
from runfold.adapters.functions import check_namespace
from runfold.adapters.kv_store import KvStore
from runfold.adapters.log_search import FindLogs, no_logs
from runfold.adapters.namespace_files import NamespaceFiles
from runfold.adapters.purging import Purge
from runfold.adapters.revealing import Reveal, nothing_to_reveal
from runfold.errors import CallerError
from runfold.execution.claims import Work
from runfold.ports import Files
from runfold.tasks.http_rules import HttpRules
from runfold.tasks.process_rules import ScriptRules


def _none_known(_namespace: str) -> bool:
    return False


@dataclass(frozen=True, slots=True)
class Outside:
    """
    The storage behind all attempts, and the rules for what they do with this machine and the network.

    `is_namespace`: whether there is such a namespace; `reveal`: makes clear what is encrypted for attempts;
    `encrypt`: seals an output; `executions`: other executions, None: out of reach; `purge`: lets go of what is kept, None: nothing does.
    """

    files: Files = field(default_factory=MemoryFiles)
    find_logs: FindLogs = no_logs
    is_namespace: Callable[[str], bool] = _none_known
    reveal: Reveal = nothing_to_reveal
    encrypt: Callable[[str], str] | None = None
    executions: ExecutionAccess | None = None
    scripts: ScriptRules = field(default_factory=ScriptRules)
    http: HttpRules = field(default_factory=HttpRules)
    purge: Purge | None = None


class AttemptStorage:
    """See the module; for the attempt's threads."""

    def __init__(self, outside: Outside, work: Work, clock: Callable[[], datetime]) -> None:
        self._outside = outside
        self._namespace = work.namespace
        self._clock = clock
        owner = Owner(work.namespace, work.flow_id, work.execution_id, work.task_id, work.taskrun_id)
        self.files = TaskFiles(outside.files, owner)
        self.find_logs = outside.find_logs
        self.purge = outside.purge
        self.scripts = outside.scripts
        self.http = outside.http
        self.encrypt = outside.encrypt
        self.claim_id = f"{work.taskrun_id}.{work.token}"
        self._folder: Path | None = None
        self._lock = Lock()

    @property
    def working_dir(self) -> Path:
        """The attempt's folder, made when it is first asked for."""
        with self._lock:
            if self._folder is None:
                self._folder = Path(tempfile.mkdtemp(prefix="runfold-"))
            return self._folder

    @property
    def executions(self) -> ExecutionAccess:
        """Other executions. Raises: CallerError, they are out of reach here."""
        if self._outside.executions is None:
            raise CallerError("Other executions are out of reach of this worker")
        return self._outside.executions

    def kv(self, namespace: str) -> KvStore:
        """Return the pairs of a namespace. Raises: CallerError, it is out of reach."""
        check_namespace(self._namespace, namespace, self._outside.is_namespace)
        return KvStore(self._outside.files, namespace, self._clock)

    def namespace_files(self, namespace: str) -> NamespaceFiles:
        """Return the files of a namespace."""
        return NamespaceFiles(self._outside.files, namespace)

    def close(self) -> None:
        """Remove the attempt's folder."""
        with self._lock:
            folder, self._folder = self._folder, None
        if folder is not None:
            shutil.rmtree(folder, ignore_errors=True)
