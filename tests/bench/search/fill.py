"""The story into a log, as an executor would have written it; several processes at once."""

import multiprocessing
from collections.abc import Iterator
from datetime import datetime
from typing import Final

import msgspec

from runfold.assembly import kafka
from runfold.ports import Message, slot_of
from runfold.settings import Settings
from runfold.topology import EXECUTIONS, FACTS, TASKRUNS
from tests.bench.search.story import Story, stories

BATCH: Final = 5_000
PROCESSES: Final = 2

encode = msgspec.json.encode


def messages(story: Story) -> Iterator[Message]:
    """Yield all records of an execution."""
    execution = story.aggregate.execution
    slot = slot_of(execution.id)
    for transition in story.transitions:
        yield Message(FACTS, execution.id, encode(transition), slot=slot)
    for run in story.aggregate.taskruns.values():
        yield Message(TASKRUNS, f"{execution.id}/{run.id}", encode(run), slot=slot)
    yield Message(EXECUTIONS, execution.id, encode(execution), slot=slot)


def fill_kafka(environment: dict[str, str], prefix: str, count: int, end: datetime) -> None:
    """Write about `count` task runs to the topics."""
    context = multiprocessing.get_context("spawn")
    share = count // PROCESSES
    workers = [
        context.Process(target=_write, args=(environment, prefix, share, seed, end)) for seed in range(PROCESSES)
    ]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join()
        assert worker.exitcode == 0, "a writer failed"


def _write(environment: dict[str, str], prefix: str, count: int, seed: int, end: datetime) -> None:
    broker = kafka(Settings(kafka=environment, topic_prefix=prefix))
    batch: list[Message] = []
    for story in stories(count, seed, end):
        batch += messages(story)
        if len(batch) >= BATCH:
            broker.publish(batch)
            batch = []
    broker.publish(batch)
    broker.close()
