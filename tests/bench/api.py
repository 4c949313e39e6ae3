"""
Workload W4: one execution of one task, from the request at the API to its end as the API's answer.

And how long until the search finds it ended, which no caller waits for.
"""

import http.client
import json
import time
from datetime import UTC, datetime
from typing import Any, Final

from tests.bench.figures import Load, Spread, spread
from tests.bench.flows import NAMESPACE, sequence
from tests.bench.hops import present

SAMPLES: Final = 150
WARM_UP: Final = 30
SEARCHES: Final = 8
SEARCH_S: Final = 90.0
"""The index may have thousands of documents of the loads before to take in first."""

SEARCH_PAUSE_S: Final = 0.01
TIMEOUT_S: Final = 30.0

W4: Final = "W4 one run by API"
START: Final = "request > end by API"
CREATED: Final = "request > fact"
RUN: Final = "fact > end"
VISIBLE: Final = "end > visible by API"
SEARCHABLE: Final = "end > searchable"
CAUGHT_UP: Final = "loads > searchable"
"""How long the index needed for what the loads before had left to it."""

Json = Any


class Api:
    """A client of one server on this machine, on one connection."""

    def __init__(self, port: int) -> None:
        self._connection = http.client.HTTPConnection("127.0.0.1", port, timeout=TIMEOUT_S)

    def ask(self, method: str, path: str, body: str | None = None) -> Json:
        """Return what the API answers."""
        headers = {} if body is None else {"Content-Type": "application/x-yaml"}
        self._connection.request(method, f"/api/v1{path}", body, headers)
        answer = self._connection.getresponse()
        content = answer.read()
        assert answer.status == http.HTTPStatus.OK, (method, path, answer.status, content[:500])
        return json.loads(content)

    def create(self, source: str) -> None:
        """Store a flow."""
        self.ask("POST", "/flows", source)

    def close(self) -> None:
        """Close the connection."""
        self._connection.close()


def w4(system: str, api: Api) -> Load:
    """Measure W4; the rate is what one caller gets who waits for each run."""
    flow_id = "sequence1"
    api.create(sequence(1))
    for _ in range(WARM_UP):
        _run(api, flow_id)
    caught_up_ms = _searchable(api, flow_id)  # what the loads before left to be indexed is no part of this one
    began_s = time.perf_counter()
    runs = [_run(api, flow_id) for _ in range(SAMPLES)]
    seconds = time.perf_counter() - began_s
    found: dict[str, Spread | None] = {
        name: spread(run[name] for run in runs) for name in (START, CREATED, RUN, VISIBLE)
    }
    found[CAUGHT_UP] = spread((caught_up_ms,))
    found[SEARCHABLE] = spread(_searchable(api, flow_id) for _ in range(SEARCHES))
    return Load(system, W4, 1, (round(SAMPLES / seconds, 1),), present(found))


def _run(api: Api, flow_id: str) -> dict[str, float]:
    sent, sent_s = datetime.now(UTC), time.perf_counter()
    execution = api.ask("POST", f"/executions/{NAMESPACE}/{flow_id}?wait=true")
    seen, took_s = datetime.now(UTC), time.perf_counter() - sent_s
    assert execution["state"]["current"] == "SUCCESS", execution
    created, ended = (_date(execution["state"][name]) for name in ("startDate", "endDate"))
    return {
        START: took_s * 1000,
        CREATED: _ms(sent, created),
        RUN: _ms(created, ended),
        VISIBLE: _ms(ended, seen),
    }


def _searchable(api: Api, flow_id: str) -> float:
    execution = api.ask("POST", f"/executions/{NAMESPACE}/{flow_id}?wait=true")
    ended = _date(execution["state"]["endDate"])
    asked = f"/taskruns/search?namespace={NAMESPACE}&executionId={execution['id']}&state=SUCCESS"
    deadline_s = time.monotonic() + SEARCH_S
    while not api.ask("GET", asked)["results"]:
        assert time.monotonic() < deadline_s, f"{execution['id']} is not found by the search"
        time.sleep(SEARCH_PAUSE_S)
    return _ms(ended, datetime.now(UTC))


def _date(text: str) -> datetime:
    return datetime.fromisoformat(text)


def _ms(since: datetime, until: datetime) -> float:
    return (until - since).total_seconds() * 1000
