"""What people ask of the search, and the goal for each: the slow end of many answers, in milliseconds."""

import random
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final
from urllib.parse import urlencode

from tests.bench.search.story import FLOWS, NAMESPACES, TASKS

WORDS: Final = ("warehouse timed", "condition", "status 404", "row 77", "flow17")

Dice = random.Random
Parameters = Mapping[str, str | int | Sequence[str]]


@dataclass(frozen=True)
class Question:
    """A path with its parameters, made anew each time so that no cache answers."""

    name: str
    path: str
    goal_ms: float
    parameters: Callable[[Dice, datetime], Parameters]

    def url(self, dice: Dice, now: datetime) -> str:
        """Return the path to ask."""
        return f"{self.path}?{urlencode(self.parameters(dice, now), doseq=True)}"


def _filters(dice: Dice, now: datetime) -> list[str]:
    since = now - timedelta(hours=dice.randrange(6, 700))
    found = [
        f"namespace:{dice.choice(NAMESPACES)}.*",
        f"state:{dice.choice(('FAILED', 'SUCCESS', 'WARNING', 'RUNNING'))}",
        f"flow:flow{dice.randrange(FLOWS)}",
        f"task:task{dice.randrange(TASKS)}",
        f"start:>{since:%Y-%m-%dT%H:%M:%SZ}",
        f"duration:>{dice.randrange(1, 500)}ms",
        f"label:team={dice.choice(('blue', 'red', 'green'))}",
        f"label:customer=c{dice.randrange(500)}",
        f"worker:worker-{dice.randrange(8)}",
    ]
    dice.shuffle(found)
    return found[:3]


def _sort(dice: Dice) -> str:
    return dice.choice(("startDate:desc", "endDate:desc", "durationMs:desc", "taskId:asc", "attemptCount:desc"))


def _three(dice: Dice, now: datetime) -> Parameters:
    return {"query": " ".join(_filters(dice, now)), "size": 25, "sort": _sort(dice)}


def _text(dice: Dice, now: datetime) -> Parameters:
    del now
    return {"query": f'"{dice.choice(WORDS)}" -label:customer=c{dice.randrange(500)}', "size": 25}


def _none(dice: Dice, now: datetime) -> Parameters:
    del now
    return {"size": 25, "sort": _sort(dice)}


def _since(hours: int) -> Callable[[Dice, datetime], Parameters]:
    def parameters(dice: Dice, now: datetime) -> Parameters:
        begin = now - timedelta(hours=hours, seconds=dice.randrange(600))
        return {"startDate": f"{begin:%Y-%m-%dT%H:%M:%SZ}"}

    return parameters


def _with(more: Parameters, hours: int) -> Callable[[Dice, datetime], Parameters]:
    since = _since(hours)
    return lambda dice, now: {**since(dice, now), **more}


MONTH_H: Final = 24 * 30
FACETS: Final[Parameters] = {"field": ("state", "namespace", "flowId", "taskId")}

QUESTIONS: Final = (
    Question("first page, three filters", "/taskruns/search", 60, _three),
    Question("first page, a text", "/taskruns/search", 60, _text),
    Question("first page, no filter", "/taskruns/search", 60, _none),
    Question(
        "count, exact",
        "/taskruns/count",
        60,
        lambda dice, now: {"query": " ".join(_filters(dice, now)), "total": "exact"},
    ),
    Question("facets of four fields over a day", "/taskruns/facets", 150, _with(FACETS, 24)),
    Question("facets of four fields over all", "/taskruns/facets", 150, _with(FACETS, MONTH_H)),
    Question("histogram by state over a day", "/taskruns/histogram", 150, _with({"by": "state"}, 24)),
    Question("histogram by state over 30 days", "/taskruns/histogram", 500, _with({"by": "state"}, MONTH_H)),
    Question("statistics by task over a day", "/taskruns/statistics", 150, _with({"groupBy": "task"}, 24)),
    Question("statistics by task over 30 days", "/taskruns/statistics", 500, _with({"groupBy": "task"}, MONTH_H)),
)
