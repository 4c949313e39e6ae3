"""An execution's past: asked of a real engine, in one process."""

from datetime import timedelta

import msgspec
import pytest
from tests.unit.webserver.conftest import NOW, World, execution, taskrun

from runfold.adapters.fact_fold import folded
from runfold.documents.api_json import execution_json
from runfold.execution import claims as c
from runfold.execution.facts import ExecutionCreated, ExecutionMoved, TaskRunCreated, TaskRunMoved, Transition
from runfold.execution.model import Place
from runfold.execution.state import State
from runfold.ports import Message, slot_of
from runfold.topology import CLAIMS, FACTS


def transition(seq: int, cause: str, *facts) -> Transition:
    return Transition("e", seq, NOW + timedelta(seconds=seq), cause, facts)


STORY = (
    transition(
        1,
        "start",
        ExecutionCreated(
            id="e", namespace="company.team", flow_id="hello", flow_revision=1, inputs={"who": "you", "count": 2**70}
        ),
        ExecutionMoved(State.RUNNING),
        TaskRunCreated(id="t", task_id="say", task_type="x.Log", place=Place()),
    ),
    transition(2, "begun", TaskRunMoved(id="t", state=State.RUNNING)),
    transition(3, "done", TaskRunMoved(id="t", state=State.SUCCESS, outputs={"value": 7})),
    transition(4, "kill", ExecutionMoved(State.SUCCESS)),
)


@pytest.fixture(scope="module")
def told(shared_world: World) -> World:
    """An execution of four transitions, the index knows it, and only one of the claims is still in the log."""
    facts = [Message(FACTS, "e", msgspec.json.encode(entry), slot=slot_of("e")) for entry in STORY]
    other = Message(FACTS, "other", msgspec.json.encode(msgspec.structs.replace(STORY[0], aggregate="other")))
    kill = c.Kill("e", "kill", actor="ada", note="no longer needed")
    shared_world.broker.publish([*facts, other, Message(CLAIMS, "e", msgspec.json.encode(kill), slot=slot_of("e"))])
    shared_world.indexed(execution("e", State.CREATED, State.SUCCESS, seq=4), taskrun("e", 0, State.CREATED, seq=3))
    return shared_world


def test_events_are_told_in_order_with_the_claim_that_caused_them(told: World) -> None:
    answer = told.get("/executions/e/events").json()

    assert [event["seq"] for event in answer["results"]] == [1, 2, 3, 4]
    assert answer["next"] is None
    assert answer["results"][3]["cause"] == {
        "id": "kill",
        "type": "Kill",
        "by": "ada",
        "note": "no longer needed",
    }
    assert answer["results"][0]["cause"] == {"id": "start"}
    assert answer["results"][2]["facts"] == [
        {"type": "TaskRunMoved", "id": "t", "state": "SUCCESS", "outputs": {"value": 7}}
    ]


def test_events_come_page_by_page(told: World) -> None:
    first = told.get("/executions/e/events", size=3).json()
    assert first["last"] == told.get("/executions/e/events").json()["results"][-1]["seq"]
    second = told.get("/executions/e/events", size=3, **{"from": first["next"]}).json()

    assert [event["seq"] for event in first["results"] + second["results"]] == [1, 2, 3, 4]
    assert second["next"] is None


def test_events_of_one_task_run_leave_out_what_is_about_others(told: World) -> None:
    def seqs(taskrun_id: str) -> list[int]:
        answer = told.get("/executions/e/events", taskRunId=taskrun_id).json()
        return [event["seq"] for event in answer["results"]]

    assert seqs("t") == [1, 2, 3]
    assert seqs("another") == []


def test_events_come_a_line_each_to_who_asks_for_lines(told: World) -> None:
    answer = told.client.get("/api/v1/executions/e/events", headers={"accept": "application/x-ndjson"})

    assert [msgspec.json.decode(line)["seq"] for line in answer.text.splitlines()] == [1, 2, 3, 4]


def test_events_come_as_a_stream_that_goes_on_where_it_was_left(told: World) -> None:
    headers = {"accept": "text/event-stream", "last-event-id": "2"}
    answer = told.client.get("/api/v1/executions/e/events", headers=headers)

    assert [line for line in answer.text.splitlines() if line.startswith(("id:", "event:"))] == [
        "id: 3",
        "id: 4",
        "event: end",
    ]


@pytest.mark.parametrize(("at", "state"), [("2", "RUNNING"), ("2024-12-05T10:00:03.5Z", "SUCCESS"), ("99", "SUCCESS")])
def test_an_execution_is_shown_as_it_was(told: World, at: str, state: str) -> None:
    answer = told.get("/executions/e", at=at).json()

    assert answer["taskRunList"][0]["state"]["current"] == state
    assert answer["inputs"] == {"who": "you", "count": 2**70}
    now = folded(told.parts.broker, "e")
    assert at != "99" or list(answer.items()) == list(execution_json(now.execution, now.taskruns.values()).items())


def test_before_its_beginning_there_was_no_execution(told: World) -> None:
    assert told.get("/executions/e", at="2020-01-01").status_code == 404
    assert told.get("/executions/nobody/events").status_code == 404


def test_a_moment_that_is_none_is_refused_with_its_name(told: World) -> None:
    answer = told.get("/executions/e", at="yesterday-ish")

    assert answer.status_code == 422
    assert "Invalid at" in answer.json()["message"]


def test_two_moments_differ_in_what_happened_between_them(told: World) -> None:
    answer = told.get("/executions/e/diff", **{"from": "2", "to": "3"}).json()

    (changed,) = answer["taskRuns"]
    assert (changed["taskId"], changed["before"]["state"], changed["after"]["state"]) == ("say", "RUNNING", "SUCCESS")
    assert changed["after"]["outputs"] == {"value": 7}
    assert (answer["from"]["seq"], answer["to"]["seq"]) == (2, 3)
    assert "inputs" not in answer
