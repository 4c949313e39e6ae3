"""Server-sent events: complete, in order, never backwards, and an end."""

import asyncio
import json
import threading

import httpx
import pytest
from tests.unit.webserver.conftest import DEADLINE_S, World, execution, log, taskrun

from runfold.documents.project import Position, project_log
from runfold.execution.state import State
from runfold.webserver import following
from runfold.webserver.reading import Whole

R, S, C = State.RUNNING, State.SUCCESS, State.CREATED


def events(answer: httpx.Response):
    """Yield (id, data) of each event."""
    event_id = ""
    for line in answer.iter_lines():
        name, _, value = line.partition(": ")
        if name == "id":
            event_id = value
        elif name == "data":
            yield event_id, json.loads(value)


def follow(world: World, path: str, **headers):
    return world.client.stream("GET", f"/api/v1{path}", headers=headers, timeout=DEADLINE_S)


def test_a_followed_execution_comes_state_by_state_and_then_ends(world):
    world.executor_says(execution("e1", C, R, seq=1))
    with follow(world, "/executions/e1/follow") as answer:
        assert answer.headers["content-type"].startswith("text/event-stream")
        stream = events(answer)
        first_id, first = next(stream)
        assert (first_id, first["state"]["current"]) == ("progress/1", "RUNNING")
        world.executor_says(taskrun("e1", 0, C, R, seq=2))
        second_id, second = next(stream)
        assert (second_id, second["taskRunList"][0]["state"]["current"]) == ("progress/2", "RUNNING")
        world.executor_says(taskrun("e1", 0, C, R, S, seq=3), execution("e1", C, R, S, seq=3, taskrun_count=1))
        rest = [(event_id, data["state"]["current"]) for event_id, data in stream]
    assert rest[-2:] == [("progress/3", "SUCCESS"), ("end", "SUCCESS")]


def test_a_finished_execution_yields_just_its_end(world):
    world.indexed(execution("e1", C, R, S, seq=4))
    with follow(world, "/executions/e1/follow") as answer:
        assert [event_id for event_id, _ in events(answer)] == ["end"]


def test_a_client_that_comes_back_gets_nothing_twice(world):
    world.executor_says(execution("e1", C, R, seq=5))
    world.eventually(lambda: world.tail.execution("e1") is not None)
    with follow(world, "/executions/e1/follow", **{"Last-Event-ID": "progress/5"}) as answer:
        stream = events(answer)
        world.executor_says(execution("e1", C, R, State.PAUSED, seq=6))
        assert next(stream)[0] == "progress/6"


def test_a_stream_never_goes_backwards_whatever_order_snapshots_come_in(world):
    world.executor_says(execution("e1", C, R, seq=1))
    seqs = [7, 3, 9, 2, 9, 12, 1, 11, 15, 4, 20]

    def play():
        for seq in seqs:
            world.executor_says(taskrun("e1", 0, C, R, seq=seq))
        world.executor_says(execution("e1", C, R, S, seq=21, taskrun_count=1), taskrun("e1", 0, C, R, S, seq=21))

    with follow(world, "/executions/e1/follow") as answer:
        stream = events(answer)
        next(stream)
        engine = threading.Thread(target=play)
        engine.start()
        numbers = [int(event_id.split("/")[1]) for event_id, _ in stream if event_id != "end"]
        engine.join()
    assert numbers == sorted(set(numbers))
    assert numbers[-1] == 21


class Forgetful:
    """A reader that falls back to an older state, as when the tail forgot what the index does not have yet."""

    def __init__(self, *reads: tuple[State, int]) -> None:
        self._reads = iter(reads)

    def execution(self, execution_id: str) -> Whole:
        state, seq = next(self._reads)
        return Whole({"id": execution_id, "state": state}, state, seq)


def test_a_stream_says_nothing_older_than_what_it_said_even_if_the_reader_does(still_world, monkeypatch):
    monkeypatch.setattr(following, "LOOK_AGAIN_S", 0)
    reader = Forgetful((R, 3), (C, 2), (R, 5), (S, 4), (R, 6), (S, 7))

    async def read_all() -> list[str]:
        stream = following.follow_execution(reader, still_world.tail, "e1", None)
        return [event.id async for event in stream]

    assert asyncio.run(read_all()) == ["progress/3", "progress/5", "progress/6", "progress/7", "end"]


def test_a_slow_client_gets_the_newest_state_and_not_the_backlog(world):
    world.executor_says(execution("e1", C, R, seq=1))
    with follow(world, "/executions/e1/follow") as answer:
        stream = events(answer)
        next(stream)
        for seq in range(2, 500):
            world.executor_says(taskrun("e1", 0, C, R, seq=seq))
        world.executor_says(taskrun("e1", 0, C, R, S, seq=500), execution("e1", C, R, S, seq=500, taskrun_count=1))
        rest = [event_id for event_id, _ in stream]
    assert rest[-2:] == ["progress/500", "end"]
    assert len(rest) < 200


@pytest.fixture
def impatient(monkeypatch):
    monkeypatch.setattr("runfold.webserver.following.APPEAR_S", 0.05)


@pytest.mark.usefixtures("impatient")
def test_an_execution_that_nobody_knows_is_waited_for_and_then_not_found(world):
    answer = world.get("/executions/nope/follow")
    assert (answer.status_code, answer.json()["message"]) == (404, "Not Found: There is no execution nope")
    assert world.get("/logs/nope/follow").status_code == 404


def test_an_execution_that_appears_a_moment_later_is_followed(world):
    threading.Timer(0.1, world.executor_says, [execution("e1", C, R, S, seq=1)]).start()
    with follow(world, "/executions/e1/follow") as answer:
        assert [event_id for event_id, _ in events(answer)] == ["end"]


def test_followed_logs_are_those_stored_and_those_that_come_each_once(world):
    lines = [log("e1", f"line {at}", "INFO" if at % 2 else "DEBUG") for at in range(6)]
    world.executor_says(execution("e1", C, R, seq=1), *lines[:4])
    world.index.put([project_log(line, Position(0, at)) for at, line in enumerate(lines[:2])])
    world.eventually(lambda: len(world.get("/logs/e1").json()) == 4)
    with follow(world, "/logs/e1/follow?minLevel=INFO") as answer:
        stream = events(answer)
        got = [next(stream), next(stream)]
        world.executor_says(*lines[4:])
        got.append(next(stream))
        world.executor_says(log("e1", "last words"), execution("e1", C, R, S, seq=2))
        got += list(stream)
    assert [data.get("message") for _, data in got] == ["line 1", "line 3", "line 5", "last words", None]
    assert [event_id for event_id, _ in got] == ["progress/1", "progress/3", "progress/5", "progress/6", "end"]


def test_followed_logs_go_on_behind_the_line_that_the_client_had(world):
    world.executor_says(execution("e1", C, R, S, seq=1), *(log("e1", f"line {at}") for at in range(4)))
    world.eventually(lambda: len(world.get("/logs/e1").json()) == 4)
    with follow(world, "/logs/e1/follow", **{"Last-Event-ID": "progress/2"}) as answer:
        assert [data.get("message") for _, data in events(answer)] == ["line 3", None]
