"""A flow's queue: who runs, who waits, and what comes too late."""

from datetime import UTC, datetime

from runfold.execution.claims import AskSlot, LeaveSlot, QueueClaim
from runfold.execution.slots import CAUSES_MAX, Queue, decide_slots

NOW = datetime(2026, 5, 4, tzinfo=UTC)


def ask(execution_id: str, number: int = 1) -> AskSlot:
    return AskSlot(execution_id, f"{execution_id}.ask.{number}", namespace="n", flow_id="f", limit=1, behavior="QUEUE")


def leave(execution_id: str, number: int = 1) -> LeaveSlot:
    return LeaveSlot(execution_id, f"{execution_id}.leave.{number}", namespace="n", flow_id="f", limit=1)


def after(*claims: QueueClaim) -> Queue:
    queue = Queue("q")
    for claim in claims:
        queue = decide_slots(queue, claim, NOW).queue
    return queue


def test_the_next_one_runs_when_a_slot_is_left() -> None:
    assert after(ask("a"), ask("b")).waiting == ("b",)
    assert after(ask("a"), ask("b"), leave("a")).running == ("b",)


def test_who_is_heard_asking_once_more_after_leaving_takes_no_slot() -> None:
    queue = after(ask("a"), leave("a"), ask("a"))

    assert queue.running == ()
    assert decide_slots(queue, ask("a"), NOW).transition is None


def test_who_begins_again_asks_anew_and_runs() -> None:
    assert after(ask("a"), leave("a"), ask("a", 2)).running == ("a",)


def test_what_is_remembered_of_claims_does_not_grow() -> None:
    claims = [claim for number in range(CAUSES_MAX) for claim in (ask("a", number), leave("a", number))]

    assert len(after(*claims).causes) == CAUSES_MAX
