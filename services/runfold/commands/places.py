"""Where commands that read all find log and index: the cluster, or the folder of a standalone that does not run."""

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

import typer

from runfold import assembly
from runfold.adapters.sqlite_broker import SqliteBroker
from runfold.adapters.sqlite_generations import SqliteGenerations
from runfold.embedded import locked
from runfold.errors import NotFound
from runfold.ports import Broker
from runfold.rebuild.generations import Generations
from runfold.settings import Settings

DataOption = Annotated[
    Path | None, typer.Option("--data", help="Folder of a standalone that does not run now. [default: the cluster]")
]


@dataclass(frozen=True, slots=True)
class Place:
    """A log and the generations of its index."""

    broker: Broker
    generations: Generations


@contextmanager
def place(settings: Settings, data: Path | None) -> Iterator[Place]:
    """
    Yield the cluster's, or those in the folder `data`.

    Raises:
        NotFound: There is no data in that folder.
        DataInUse: A standalone runs on it.
    """
    with ExitStack() as closing:
        if data is None:
            broker = assembly.kafka(settings)
            closing.callback(broker.close)
            yield Place(broker, assembly.elastic_generations(settings))
            return
        log = data / "log.sqlite"
        if not log.exists():
            raise NotFound(f"{data} is no folder of a standalone")
        closing.enter_context(locked(data))
        embedded = SqliteBroker(log)
        closing.callback(embedded.close)
        yield Place(embedded, SqliteGenerations(data / "index.sqlite"))
