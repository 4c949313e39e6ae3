"""Asking a server, and how long its answers take."""

import http.client
import random
import time
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass
from datetime import datetime
from pathlib import Path
from typing import Any, Final

import orjson

from tests.bench.search.questions import QUESTIONS, Question

WARM_UP: Final = 10
SAMPLES: Final = 60
PAGE_DEEP: Final = 500
PAGE_SIZE: Final = 100
DEEP_SAMPLES: Final = 15
TIMEOUT_S: Final = 120.0
MIB: Final = 1024 * 1024


@dataclass(frozen=True)
class Answers:
    """How long answers to one question took, in milliseconds; `goal_ms`: what the slow end should stay below."""

    name: str
    p50_ms: float
    p95_ms: float
    samples: int
    goal_ms: float | None = None

    @property
    def is_good(self) -> bool:
        return self.goal_ms is None or self.p95_ms <= self.goal_ms


@dataclass(frozen=True)
class Figure:
    """One number, with its goal in words."""

    name: str
    value: float
    unit: str
    goal: str = ""


class Server:
    """One connection to a server on this machine, with the process that serves it."""

    def __init__(self, port: int, pid: int) -> None:
        self._connection = http.client.HTTPConnection("127.0.0.1", port, timeout=TIMEOUT_S)
        self._pid = pid

    def ask(self, path: str) -> Any:
        """Return what the API answers."""
        self._connection.request("GET", f"/api/v1{path}")
        answer = self._connection.getresponse()
        content = answer.read()
        assert answer.status == http.HTTPStatus.OK, (path, answer.status, content[:500])
        return orjson.loads(content)

    def stream(self, path: str) -> Iterator[bytes]:
        """Yield an answer piece by piece."""
        self._connection.request("GET", f"/api/v1{path}")
        answer = self._connection.getresponse()
        assert answer.status == http.HTTPStatus.OK, (path, answer.status)
        while piece := answer.read(256 * 1024):
            yield piece

    def memory_mib(self) -> float:
        """Return the resident memory of the server's process."""
        for line in Path(f"/proc/{self._pid}/status").read_text(encoding="utf-8").splitlines():
            if line.startswith("VmRSS:"):
                return int(line.split()[1]) / 1024
        return 0.0

    def close(self) -> None:
        """Close the connection."""
        self._connection.close()


def answers(server: Server, now: datetime, seed: int = 7) -> Iterator[Answers]:
    """Ask all questions, each many times with other parameters."""
    for question in QUESTIONS:
        dice = random.Random(f"{seed} {question.name}")
        times = [_timed(server, question, dice, now) for _ in range(WARM_UP + SAMPLES)][WARM_UP:]
        yield _answers(question.name, times, question.goal_ms)


def _timed(server: Server, question: Question, dice: random.Random, now: datetime) -> float:
    url = question.url(dice, now)
    began_s = time.perf_counter()
    server.ask(url)
    return (time.perf_counter() - began_s) * 1000


def pages(server: Server) -> Iterator[Answers]:
    """Go on by cursor to page 500, again and again ask the first one and the last."""
    first, last = f"/taskruns/search?size={PAGE_SIZE}", ""
    cursor = server.ask(first)["next"]
    for _ in range(PAGE_DEEP - 2):
        cursor = server.ask(f"{first}&cursor={cursor}").get("next")
        if cursor is None:
            break
        last = f"{first}&cursor={cursor}"
    firsts, lasts = [], []
    for _ in range(DEEP_SAMPLES):
        firsts.append(_took_ms(server, first))
        lasts.append(_took_ms(server, last))
    yield _answers(f"page 1 of {PAGE_SIZE}", firsts)
    yield _answers(f"page {PAGE_DEEP} by cursor", lasts)


def export(server: Server, rows: int) -> list[Figure]:
    """Export all as CSV: how long it takes, and how much memory it needs more than before."""
    before_mib = most_mib = server.memory_mib()
    began_s, lines = time.perf_counter(), 0
    for piece in server.stream("/taskruns/export?format=csv"):
        lines += piece.count(b"\n")
        most_mib = max(most_mib, server.memory_mib())
    took_s = time.perf_counter() - began_s
    assert lines >= rows, (lines, rows)
    return [
        Figure(f"export of {lines - 1:,} rows", round(took_s, 1), "s"),
        Figure("memory that the export needs", round(most_mib - before_mib, 1), "MiB", "< 100"),
    ]


def _took_ms(server: Server, path: str) -> float:
    began_s = time.perf_counter()
    server.ask(path)
    return (time.perf_counter() - began_s) * 1000


def _answers(name: str, times_ms: Sequence[float], goal_ms: float | None = None) -> Answers:
    ordered = sorted(times_ms)

    def rank(share: float) -> float:
        return round(ordered[min(int(share * len(ordered)), len(ordered) - 1)], 1)

    return Answers(name, rank(0.5), rank(0.95), len(ordered), goal_ms)


def as_json(found: Sequence[Answers | Figure]) -> list[dict[str, Any]]:
    """Return what was found for programs."""
    return [asdict(each) for each in found]
