"""
Everything in one process: an engine on SQLite in one folder, with its index and its API or without.

Opens the folder's log and index; what runs, and for how long, is the caller's. The rule: one
process at a time works on a folder.
"""

import fcntl
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path

from fastapi import FastAPI

from runfold.adapters.file_storage import MemoryFiles
from runfold.adapters.flow_store import FlowStore
from runfold.adapters.log_search import indexed_logs
from runfold.adapters.sqlite_broker import SqliteBroker
from runfold.adapters.sqlite_index import SqliteIndex
from runfold.assembly import GRACE_S, Core, api, core, executor, facts_retention_s, indexers, worker
from runfold.errors import RunfoldError
from runfold.file_storages import file_storage
from runfold.indexer.service import BESIDE_OTHERS
from runfold.ports import Index
from runfold.runtime import Step
from runfold.settings import Settings
from runfold.webserver.tail import Tail
from runfold.webserver.tail_logs import tail_logs


class DataInUse(RunfoldError):
    """Another process works on this data: stop it, or choose another folder."""


@dataclass(frozen=True, slots=True)
class Engine:
    """An engine inside this process: who runs flows, and who sees what happens."""

    core: Core
    flows: FlowStore
    tail: Tail
    steps: Mapping[str, Step]


@contextmanager
def engine(settings: Settings, data: Path | None, index: Index | None = None) -> Iterator[Engine]:
    """
    Yield an engine on SQLite in the folder `data` (None: in memory); its steps are the caller's to run.

    `index`: where its tasks find logs; None: in its own tail.

    Raises:
        DataInUse: Another process has the folder.
        SettingsInvalid: The encryption key can't be one.
    """
    with ExitStack() as closing:
        if data is not None:
            closing.enter_context(locked(data))
        log = data / "log.sqlite" if data else None
        broker = SqliteBroker(log, facts_retention_s=facts_retention_s(settings))
        closing.callback(broker.close)
        files = file_storage(settings, data) if data else MemoryFiles()
        shared = core(settings, broker, files)
        flows = FlowStore(broker, shared.types)
        tail = Tail(broker)
        closing.callback(tail.close)
        runs = executor(shared, flows)
        closing.callback(runs.close)
        works = worker(shared, tail_logs(tail) if index is None else indexed_logs(index), index, lambda: flows)
        closing.callback(works.close, GRACE_S)
        yield Engine(shared, flows, tail, {"executor": runs.step, "worker": works.step, "tail": tail.step})


@contextmanager
def locked(data: Path) -> Iterator[None]:
    """Keep other engines out of a folder. Raises: DataInUse."""
    data.mkdir(parents=True, exist_ok=True)
    with (data / "lock").open("w") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            raise DataInUse(f"Another runfold works on {data}") from error
        yield


@dataclass(frozen=True, slots=True)
class Standalone:
    """An engine with its index and its API; the steps are the caller's to run."""

    engine: Engine
    app: FastAPI
    steps: Mapping[str, Step]
    index: Index


@contextmanager
def standalone_engine(settings: Settings, data: Path) -> Iterator[Standalone]:
    """
    Yield everything in one process, on SQLite in the folder `data`.

    Raises:
        DataInUse: Another process has the folder.
    """
    with ExitStack() as closing:
        data.mkdir(parents=True, exist_ok=True)
        index = SqliteIndex(data / "index.sqlite")
        closing.callback(index.close)
        ours = closing.enter_context(engine(settings, data, index))
        (indexes,) = indexers(ours.core, index, BESIDE_OTHERS)
        closing.callback(indexes.close)
        app = api(ours.core, index, ours.flows, ours.tail)
        yield Standalone(ours, app, {**ours.steps, "indexer": indexes.step}, index)
