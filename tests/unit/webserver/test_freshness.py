"""How fresh an answer is, and reading what was just written."""

import threading
from datetime import timedelta

import pytest
from tests.unit.webserver.conftest import FLOW, NOW, World, execution, taskrun

from runfold.documents.progress import Progress, progress_document
from runfold.errors import BadRequest, Unavailable
from runfold.execution.state import State
from runfold.topology import TASKRUNS
from runfold.webserver import freshness
from runfold.webserver.freshness import Freshness, Token, read_tokens

R, C = State.RUNNING, State.CREATED


def stored(world: World, *places: tuple[str, int]) -> None:
    """Say that the index has all before these offsets of the only partition."""
    world.index.put([progress_document(Progress((topic, 0), end, NOW)) for topic, end in places])


def fresh(world: World, later: timedelta = timedelta()) -> Freshness:
    written_ms = max((record.timestamp_ms for record in world.broker.history(TASKRUNS)), default=0)
    now = NOW.fromtimestamp(written_ms / 1000, tz=NOW.tzinfo) + later
    return Freshness(world.index, world.tail, lambda: now)


def test_an_index_that_has_all_that_was_seen_is_not_behind(still_world: World) -> None:
    still_world.executor_says(taskrun("e1", 0, C), execution("e1", C))
    still_world.tail.step()
    stored(still_world, ("taskruns", 1), ("executions", 1))

    assert fresh(still_world, timedelta(minutes=5)).as_of()["behindMs"] == 0


def test_an_index_is_as_far_behind_as_the_first_record_that_it_lacks_is_old(still_world: World) -> None:
    still_world.executor_says(taskrun("e1", 0, C))
    still_world.tail.step()
    stored(still_world, ("taskruns", 0))

    assert fresh(still_world, timedelta(seconds=3)).as_of()["behindMs"] == 3_000


def test_a_reader_with_a_token_waits_until_the_index_has_what_was_written(still_world: World) -> None:
    still_world.executor_says(taskrun("e1", 0, C, seq=4), execution("e1", C, seq=4))
    for _ in range(3):
        still_world.tail.step()
    waiting = threading.Thread(target=fresh(still_world).wait, args=([Token("e1", 4)],))
    waiting.start()
    waiting.join(0.1)
    assert waiting.is_alive()

    stored(still_world, ("taskruns", 1), ("executions", 1))
    waiting.join(5)
    assert not waiting.is_alive()


def test_a_reader_does_not_wait_for_ever(still_world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(freshness, "WAIT_S", 0.05)
    still_world.executor_says(taskrun("e1", 0, C))
    still_world.tail.step()

    with pytest.raises(Unavailable):
        fresh(still_world).wait([Token("e1", 1)])


def test_a_write_that_changed_nothing_is_not_waited_for_long(
    still_world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(freshness, "REACTION_S", 0.05)

    fresh(still_world).wait([Token("never", 1)])


def test_the_answer_to_a_write_has_a_token_that_a_reader_can_name(world: World) -> None:
    world.client.post("/api/v1/flows", content=FLOW)
    started = world.client.post("/api/v1/executions/company.team/hello", files={"who": (None, "you")})
    token = started.headers["Runfold-Token"]
    assert token == f"{started.json()['id']}@1"

    world.executor_says(execution(started.json()["id"], C))
    world.indexed(execution(started.json()["id"], C))
    world.eventually(lambda: world.tail.has(started.json()["id"], 1))
    stored(world, ("executions", 1))
    found = world.get("/executions/search", after=token)
    assert (found.status_code, found.json()["total"]) == (200, 1)
    assert found.json()["asOf"]["behindMs"] == 0
    assert world.get("/executions/search", after="nonsense").status_code == 422


def test_tokens_are_read_as_they_were_given_and_nothing_else_is() -> None:
    assert read_tokens(f"{Token('a@b', 3)}, {Token('c', 12)}") == [Token("a@b", 3), Token("c", 12)]
    for wrong in ("", "e", "@1", "e@", "e@x", "e@-1", "e@" + "9" * 30):
        with pytest.raises(BadRequest, match="after"):
            read_tokens(wrong)
