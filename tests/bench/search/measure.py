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
DEEP_SAMPLES: Final = 40
DEEP_RATIO: Final = 1.2
EXPORT_MIB: Final = 100
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
    """One number, and where it should stay."""

    name: str
    value: float
    unit: str
    at_most: float | None = None
    at_least: float | None = None

    @property
    def is_good(self) -> bool:
        is_low = self.at_most is None or self.value <= self.at_most
        return is_low and (self.at_least is None or self.value >= self.at_least)

    @property
    def goal(self) -> str:
        """The goal in words."""
        if self.at_most is not None:
            return f"<= {self.at_most:,g}"
        return "" if self.at_least is None else f">= {self.at_least:,g}"


Found = list[Answers | Figure]


class Server:
    """One connection to a server on this machine, with the process that serves it."""

    def __init__(self, port: int, pid: int) -> None:
        self._connection = http.client.HTTPConnection("127.0.0.1", port, timeout=TIMEOUT_S)
        self.port = port
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
        yield summed(question.name, times, question.goal_ms)


def _timed(server: Server, question: Question, dice: random.Random, now: datetime) -> float:
    url = question.url(dice, now)
    began_s = time.perf_counter()
    server.ask(url)
    return (time.perf_counter() - began_s) * 1000


def pages(server: Server) -> Found:
    """Go on by cursor to page 500, then ask for the first one and the last by turns."""
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
    near, far = summed(f"page 1 of {PAGE_SIZE}", firsts), summed(f"page {PAGE_DEEP} by cursor", lasts)
    ratio = round(far.p50_ms / near.p50_ms, 2)
    return [near, far, Figure(f"page {PAGE_DEEP} against page 1", ratio, "times", at_most=DEEP_RATIO)]


def export(server: Server, rows: int) -> Found:
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
        Figure("memory that the export needs", round(most_mib - before_mib, 1), "MiB", at_most=EXPORT_MIB),
    ]


def _took_ms(server: Server, path: str) -> float:
    began_s = time.perf_counter()
    server.ask(path)
    return (time.perf_counter() - began_s) * 1000


def summed(name: str, times_ms: Sequence[float], goal_ms: float | None = None) -> Answers:
    """Return the middle and the slow end of what was measured."""
    ordered = sorted(times_ms)

    def rank(share: float) -> float:
        return round(ordered[min(int(share * len(ordered)), len(ordered) - 1)], 1)

    return Answers(name, rank(0.5), rank(0.95), len(ordered), goal_ms)


def as_json(found: Sequence[Answers | Figure]) -> list[dict[str, Any]]:
    """Return what was found for programs."""
    return [asdict(each) | {"isGood": each.is_good} for each in found]
