"""
Partitions told by several processes at a time: each opens the cluster by itself.

One thing comes back from them besides what they have done: a number, of documents stored.
"""

import multiprocessing
import os
import threading
from collections.abc import Iterator, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, ProcessPoolExecutor, wait
from contextlib import contextmanager
from dataclasses import dataclass
from multiprocessing.sharedctypes import Synchronized
from typing import Final

from runfold import assembly
from runfold.adapters.elastic_index import ElasticIndex
from runfold.errors import BrokenInvariant
from runfold.ports import Index
from runfold.rebuild.service import Side, Watch
from runfold.rebuild.telling import FactsTelling, Told
from runfold.runtime import set_up_logging, settle
from runfold.settings import Settings

LOOK_AGAIN_S: Final = 0.5


@dataclass
class _Here:
    """What a process of the pool has open."""

    settings: Settings
    stored: "Synchronized[int]"
    generation: int | None = None
    telling: FactsTelling | None = None

    def open(self, generation: int) -> FactsTelling:
        if self.telling is None or self.generation != generation:
            old, new = assembly.elastic(self.settings), assembly.elastic(self.settings, generation)
            self.telling = FactsTelling(assembly.kafka(self.settings), old, new, self.count)
            self.generation = generation
        return self.telling

    def count(self, documents: int) -> None:
        with self.stored.get_lock():
            self.stored.value += documents


_here: _Here | None = None


def _begin(settings: Settings, stored: "Synchronized[int]") -> None:
    global _here  # noqa: PLW0603 - a process of a pool has no other place of its own
    set_up_logging(as_json=settings.log_format == "json", level="WARNING")
    settle()
    threading.Thread(target=_end_with_parent, daemon=True).start()
    _here = _Here(settings, stored)


def _end_with_parent() -> None:
    """End when who wants the result is gone: a killed process takes no leave of its pool."""
    parent = multiprocessing.parent_process()
    if parent is not None:
        parent.join()
        os._exit(1)


def _tell(generation: int, partition: int) -> Told:
    if _here is None:
        raise BrokenInvariant("A process of the pool was not begun")
    return _here.open(generation).run(partition)


@contextmanager
def apart(settings: Settings, processes: int) -> Iterator[Side]:
    """Yield the way to tell partitions in so many processes."""
    context = multiprocessing.get_context("spawn")
    stored = context.Value("q", 0)
    with ProcessPoolExecutor(processes, context, _begin, (settings, stored)) as pool:

        def tell(old: Index, new: Index, partitions: Sequence[int], watch: Watch) -> Iterator[Told]:
            del old  # each opens its own
            if not isinstance(new, ElasticIndex) or new.names.generation is None:
                raise BrokenInvariant("Only a generation that is being built is told to by several processes")
            waiting = {pool.submit(_tell, new.names.generation, partition) for partition in partitions}
            yield from _results(waiting, stored, watch)

        yield tell


def _results(waiting: set[Future[Told]], stored: "Synchronized[int]", watch: Watch) -> Iterator[Told]:
    seen = stored.value
    try:
        while waiting:
            done, waiting = wait(waiting, LOOK_AGAIN_S, FIRST_COMPLETED)
            now = stored.value
            watch.stored(now - seen)
            seen = now
            for future in done:
                yield future.result()
    finally:
        for future in waiting:
            future.cancel()
