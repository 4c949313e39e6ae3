"""How soon what happens is told: by a standing query from the log's tail, by a search through the index."""

import http.client
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Final

import orjson

from runfold.ports import Broker
from tests.bench.search.fill import messages
from tests.bench.search.measure import Answers, Figure, Found, Server, summed
from tests.bench.search.story import RUNS_EACH, now, stories

SAMPLES: Final = 30
TOLD_MS: Final = 250
FRESH_MS: Final = 1_200
PATIENCE_S: Final = 30.0
ASKED_EACH_S: Final = 0.01


def live(server: Server, broker: Broker) -> Found:
    """Write an execution as an executor does, again and again, and see when both tell of it."""
    told, fresh = [], []
    with _standing(server.port) as heard:
        for number in range(SAMPLES):
            story = next(stories(RUNS_EACH, f"live {number}", now()))
            execution_id = story.aggregate.execution.id
            began_s = time.monotonic()
            broker.publish(list(messages(story)))
            told.append((heard.when(execution_id) - began_s) * 1000)
            while not server.ask(f"/taskruns/count?query=execution:{execution_id}&total=exact")["total"]:
                assert time.monotonic() - began_s < PATIENCE_S, "the index does not tell of it"
                time.sleep(ASKED_EACH_S)
            fresh.append((time.monotonic() - began_s) * 1000)
    freshness: Answers = summed("from the log to the search", fresh)
    return [
        summed("from the log to a standing query", told, TOLD_MS),
        freshness,
        Figure("freshness of the search, p50", freshness.p50_ms, "ms", at_most=FRESH_MS),
    ]


class _Heard:
    """When a standing query first told of each execution."""

    def __init__(self) -> None:
        self._when: dict[str, float] = {}
        self._changed = threading.Condition()

    def note(self, execution_id: str) -> None:
        with self._changed:
            self._when.setdefault(execution_id, time.monotonic())
            self._changed.notify_all()

    def when(self, execution_id: str) -> float:
        with self._changed:
            assert self._changed.wait_for(lambda: execution_id in self._when, PATIENCE_S), "nothing was told"
            return self._when[execution_id]


@contextmanager
def _standing(port: int) -> Iterator[_Heard]:
    """Keep a standing query of all task runs open."""
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=PATIENCE_S)
    connection.request("GET", "/api/v1/taskruns/watch")
    answer = connection.getresponse()
    assert answer.status == http.HTTPStatus.OK, answer.status
    socket = connection.sock
    heard = _Heard()

    def read() -> None:
        try:
            for line in answer:
                if line.startswith(b"data:") and b"taskrun" in line:
                    heard.note(orjson.loads(line[5:])["taskrun"]["executionId"])
        except (OSError, ValueError):
            return  # it was closed

    reading = threading.Thread(target=read, daemon=True)
    reading.start()
    try:
        yield heard
    finally:
        if socket is not None:
            socket.shutdown(2)
        reading.join()
        connection.close()
