"""An index built anew: it says what the old one said, whatever happens meanwhile."""

from collections.abc import Iterator, Sequence
from dataclasses import replace

import msgspec
import pytest
from tests.unit.rebuild.rig import FAILS, FAN, LOOP, STEPS_FLOW, Rig, contents, cut_off_after

from runfold.documents.model import Document, Kind
from runfold.documents.query import Holds, Is, Query, Words
from runfold.errors import Conflict, Unavailable
from runfold.execution import claims as c
from runfold.execution.facts import Transition
from runfold.execution.state import State
from runfold.ports import Message, slot_of
from runfold.rebuild.folding import PartitionFold, Span
from runfold.rebuild.service import Wish
from runfold.topology import FACTS


@pytest.fixture
def rig() -> Iterator[Rig]:
    rig = Rig()
    yield rig
    rig.close()


def delete(rig: Rig, execution_id: str, seq: int) -> None:
    rig.engine.claim(c.Delete(execution_id, f"{execution_id}.delete", namespace="company.team", flow_id="steps",
                              flow_revision=1, state=State.SUCCESS, seq=seq))  # fmt: skip
    while rig.engine.step():
        pass


def history(rig: Rig) -> list[str]:
    """Run one of each: plain, failed and restarted, a loop whose rounds are gone, a fan-out, deleted."""
    engine, run = rig.engine, rig.run
    plain = run(STEPS_FLOW)
    failed = run(FAILS)
    run(LOOP)
    run(FAN)
    engine.claim(c.Restart(failed.execution.id, "again"))
    engine.finish(failed.execution.id)
    gone = run(STEPS_FLOW, {"text": "secret"})
    delete(rig, gone.execution.id, gone.execution.seq)
    return [plain.execution.id, failed.execution.id, gone.execution.id]


def test_a_built_index_says_what_the_live_one_says(rig: Rig) -> None:
    _, _, gone = history(rig)
    rig.index()
    before = contents(rig.live)

    report = rig.rebuild()

    assert rig.generations.live() is not rig.live
    assert contents(rig.generations.live()) == before
    assert (Kind.DELETIONS, gone) in before
    assert report.executions == 5
    assert rig.verify().faults == []


def test_words_and_maps_are_found_in_a_built_index(rig: Rig) -> None:
    rig.run(STEPS_FLOW, {"text": "needle"})
    rig.index()

    rig.rebuild()

    built = rig.generations.live()
    assert built.search(Query(Kind.LOGS, Words("says needle", "text"))).total == 1
    assert built.search(Query(Kind.TASKRUNS, Holds("outputs", "value", "needle"))).total == 1
    assert built.search(Query(Kind.EXECUTIONS, Holds("inputs", "text", "needle"))).total == 1


@pytest.mark.parametrize("puts", range(1, 12))
def test_a_rebuild_that_was_cut_off_anywhere_goes_on_to_the_same_index(rig: Rig, puts: int) -> None:
    history(rig)
    rig.index()
    before = contents(rig.live)

    try:
        rig.rebuild(cut_off_after(puts))
    except Unavailable:
        assert rig.generations.live() is rig.live
        report = rig.rebuild()
        assert report.goes_on

    assert contents(rig.generations.live()) == before


def test_what_changes_between_two_attempts_of_a_rebuild_is_in_the_index(rig: Rig) -> None:
    plain, failed, _ = history(rig)
    rig.index()
    with pytest.raises(Unavailable):
        rig.rebuild(cut_off_after(3))
    delete(rig, plain, 9)
    rig.engine.claim(c.Restart(failed, "once more"))
    rig.engine.finish(failed)
    rig.run(LOOP)
    rig.index()

    rig.rebuild()

    assert contents(rig.generations.live()) == contents(rig.live)


def test_what_happens_while_the_index_is_built_is_in_it(rig: Rig) -> None:
    plain, failed, _ = history(rig)
    rig.index()
    happened: list[str] = []

    def happen(documents: Sequence[Document]) -> None:
        if not happened and any(document.kind is Kind.LOGS for document in documents):
            happened.append("once")
            delete(rig, plain, 9)
            rig.engine.claim(c.Restart(failed, "once more"))
            rig.engine.finish(failed)
            rig.run(LOOP)
            rig.run(STEPS_FLOW)
            rig.index()

    report = rig.rebuild(happen)

    assert happened
    assert report.rounds > 1
    assert contents(rig.generations.live()) == contents(rig.live)
    assert rig.verify().faults == []


def test_only_what_changed_is_told_again(rig: Rig) -> None:
    fan = rig.run(FAN)
    rig.index()
    told: list[str] = []
    happened: list[str] = []

    def happen(documents: Sequence[Document]) -> None:
        told.extend(document.id for document in documents if document.kind in {Kind.TASKRUNS, Kind.EXECUTIONS})
        if not happened and told:
            happened.append("once")
            rig.run(STEPS_FLOW)

    rig.rebuild(happen)

    assert sorted(told).count(fan.execution.id) == 1
    assert len(told) == len(set(told)) == (1 + len(fan.taskruns)) + (1 + 2)


def test_purged_lines_stay_purged_unless_the_topics_are_read(rig: Rig) -> None:
    rig.run(STEPS_FLOW)
    rig.index()
    rig.live.delete_where(Kind.LOGS, Is("level", ("DEBUG", "INFO")))

    rig.rebuild()
    assert rig.generations.live().search(Query(Kind.LOGS)).total == 0

    rig.forget_built()
    rig.rebuild(wish=Wish(lines_from_topics=True))
    assert rig.generations.live().search(Query(Kind.LOGS)).total == 2


def test_lines_of_deleted_executions_do_not_come_back_from_the_topics(rig: Rig) -> None:
    history(rig)
    rig.index()

    rig.rebuild(wish=Wish(lines_from_topics=True))

    assert contents(rig.generations.live()) == contents(rig.live)


def test_an_execution_whose_first_facts_are_gone_stops_the_rebuild_unless_it_may_be_left_out(rig: Rig) -> None:
    whole = rig.run(STEPS_FLOW)
    rig.index()
    late = Transition("cut", 7, rig.engine.clock(), "claim", ())
    rig.engine.broker.publish([Message(FACTS, "cut", _encoded(late), slot=slot_of("cut"))])

    for _ in range(2):
        with pytest.raises(Conflict, match="cut"):
            rig.rebuild()
        assert rig.generations.live() is rig.live

    report = rig.rebuild(wish=Wish(accepts_gaps=True))
    assert rig.generations.live().get(Kind.EXECUTIONS, whole.execution.id) is not None
    assert report.without_beginning == ["cut"]


def test_an_execution_whose_facts_are_all_gone_stops_the_rebuild_unless_it_may_be_left_out(rig: Rig) -> None:
    rig.run(STEPS_FLOW)
    rig.index()
    old = rig.live.search(Query(Kind.EXECUTIONS)).documents[0]
    rig.live.put([replace(old, id="old", body={**old.body, "id": "old"})])

    for _ in range(2):
        with pytest.raises(Conflict, match="1 execution that"):
            rig.rebuild()
        assert rig.generations.live() is rig.live

    rig.rebuild(wish=Wish(accepts_gaps=True))
    assert rig.generations.live().search(Query(Kind.EXECUTIONS)).total == 1


def test_few_executions_held_in_memory_fold_to_the_same(rig: Rig) -> None:
    history(rig)
    everything = {each.aggregate.execution.id: each.aggregate for each in PartitionFold(rig.engine.broker, 0).run()}

    narrow = PartitionFold(rig.engine.broker, 0, held_max=1)

    assert {each.aggregate.execution.id: each.aggregate for each in narrow.run()} == everything
    assert narrow.summary.executions == len(everything) == 5


def test_a_fold_of_what_is_new_yields_what_changed_since(rig: Rig) -> None:
    _, failed, _ = history(rig)
    first = PartitionFold(rig.engine.broker, 0)
    list(first.run())
    rig.engine.claim(c.Restart(failed, "once more"))
    rig.engine.finish(failed)

    (changed,) = PartitionFold(rig.engine.broker, 0).run(Span(first.summary.end))

    assert changed.aggregate.execution.id == failed
    assert 0 < changed.known_seq < changed.aggregate.seq


def _encoded(transition: Transition) -> bytes:
    return msgspec.json.encode(transition)
