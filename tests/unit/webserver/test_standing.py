"""Standing queries: entered, updated, left, resumed."""

import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from queue import Queue

from tests.unit.webserver.conftest import NOW, World, execution, taskrun

from runfold.documents.model import Kind
from runfold.documents.query import Is
from runfold.execution.state import State
from runfold.webserver.changes import Changes
from runfold.webserver.export_columns import columns_of
from runfold.webserver.standing import Standing, begin_of

C, R, F, S = State.CREATED, State.RUNNING, State.FAILED, State.SUCCESS
RUNNING = Standing(Kind.TASKRUNS, Is("state", ("RUNNING",)), NOW + timedelta(seconds=1))


def events(changes: Changes, wanted: Standing = RUNNING, after: int = 0) -> list[tuple[str, str]]:
    found = changes.since(after, 1_000)
    assert found is not None
    return [(event, data["id"]) for _, event, data in wanted.events(found)]


def test_a_task_run_enters_is_updated_and_leaves() -> None:
    changes = Changes()
    created, running = taskrun("e", 0, C), taskrun("e", 0, C, R, seq=2)
    changes.add([(created, None), (running, created)])
    assert events(changes) == [("entered", "e-0")]

    changes.add([(taskrun("e", 0, C, R, seq=3, value="x"), running)])
    assert events(changes, after=2) == [("updated", "e-0")]

    changes.add([(taskrun("e", 0, C, R, S, seq=4), running)])
    assert events(changes, after=3) == [("left", "e-0")]


def test_events_tell_what_is_in_the_columns_that_are_asked_for() -> None:
    changes = Changes()
    changes.add([(taskrun("e", 0, C, R, seq=7), None)])
    wanted = Standing(RUNNING.kind, RUNNING.filter, NOW, columns_of(Kind.TASKRUNS, "execution,seq,end"))

    [(_, _, data)] = wanted.events(changes.since(0, 10) or ())
    assert data["taskrun"]["columns"] == {"execution": "e", "seq": 7}


def test_several_changes_of_one_come_as_the_newest() -> None:
    changes = Changes()
    first, second = taskrun("e", 0, C, R), taskrun("e", 0, C, R, seq=2)
    changes.add([(first, None), (second, first), (taskrun("e", 0, C, R, S, seq=3), second)])

    assert events(changes) == [("left", "e-0")]


def test_what_never_fitted_is_not_told_and_what_the_client_may_know_is_told_to_have_left() -> None:
    changes = Changes()
    created = taskrun("e", 0, C)
    changes.add([(taskrun("e", 0, C, F, seq=2), created)])
    changes.add([(taskrun("e", 1, C, F, seq=2), None)])

    assert events(changes) == [("left", "e-1")]
    assert events(changes, Standing(RUNNING.kind, RUNNING.filter, NOW)) == []


def test_a_task_run_that_a_restart_removed_leaves() -> None:
    changes = Changes()
    running = taskrun("e", 0, C, R)
    changes.add([(taskrun("e", 0, C, R, seq=2, is_removed=True), running)])

    assert events(changes) == [("left", "e-0")]


def test_a_reader_that_is_too_slow_is_told_so() -> None:
    changes = Changes(changes_max=3)
    for number in range(5):
        changes.add([(taskrun("e", number, R), None)])

    assert changes.since(0, 10) is None
    assert changes.since(1, 10) is None
    assert [change.number for change in changes.since(2, 10) or ()] == [3, 4, 5]
    assert changes.since(5, 10) == []
    assert changes.since(6, 10) is None


def test_a_client_goes_on_where_it_was_unless_the_server_is_another() -> None:
    changes = Changes()

    assert begin_of(changes, f"{changes.name}-17") == 17
    assert begin_of(changes, "") == begin_of(changes, None) == changes.newest
    for other in ("x-17", f"{changes.name}-x", "nonsense"):
        assert begin_of(changes, other) is None


@contextmanager
def watching(world: World, path: str, last_id: str | None = None, **parameters: str) -> Iterator[Queue]:
    """Yield what a client hears, event by event: (event, id, data)."""
    heard: Queue = Queue()
    headers = {"Last-Event-ID": last_id} if last_id else {}

    def listen() -> None:
        with world.client.stream("GET", f"/api/v1{path}", params=parameters, headers=headers, timeout=10) as answer:
            event: dict[str, str] = {}
            for line in answer.iter_lines():
                if line:
                    name, _, value = line.partition(": ")
                    event[name] = value
                elif "event" in event:
                    heard.put((event["event"], event["id"], json.loads(event["data"])))
                    if event["event"] == "left":
                        return
                    event = {}

    thread = threading.Thread(target=listen)
    thread.start()
    yield heard
    thread.join(5)
    assert not thread.is_alive()


def test_a_standing_query_is_heard_as_it_happens_and_resumed(world: World) -> None:
    with watching(world, "/taskruns/watch", query="state:RUNNING task:t0") as heard:
        assert heard.get(timeout=5)[0] == "hello"
        world.executor_says(taskrun("e1", 0, C, R), taskrun("e1", 1, C, R))
        event, first_id, data = heard.get(timeout=5)
        assert (event, data["id"], data["taskrun"]["state"]["current"]) == ("entered", "e1-0", "RUNNING")
        world.executor_says(taskrun("e1", 0, C, R, S, seq=2))
        assert heard.get(timeout=5)[::2] == ("left", {"id": "e1-0"})

    with watching(world, "/taskruns/watch", last_id=first_id, query="state:RUNNING task:t0") as heard:
        assert [heard.get(timeout=5)[0] for _ in range(2)] == ["hello", "left"]


def test_executions_are_watched_alike_and_a_wrong_query_is_refused(world: World) -> None:
    with watching(world, "/executions/watch", state="RUNNING") as heard:
        assert heard.get(timeout=5)[0] == "hello"
        world.executor_says(execution("e1", C, R))
        event, _, data = heard.get(timeout=5)
        assert (event, data["execution"]["id"]) == ("entered", "e1")
        world.executor_says(execution("e1", C, R, S, seq=2))
        assert heard.get(timeout=5)[0] == "left"

    assert world.get("/taskruns/watch", query="stat:RUNNING").status_code == 422
