"""What is remembered of a past: it tells what the log tells, and reads no more of it than it must."""

import itertools
import random
from collections.abc import Iterator
from datetime import timedelta

import msgspec
import pytest
from tests.unit.webserver.conftest import NOW

from runfold.adapters.fact_fold import Life, followed
from runfold.adapters.sqlite_broker import SqliteBroker
from runfold.documents.events import Moment
from runfold.execution import claims as c
from runfold.execution.aggregate import Aggregate
from runfold.execution.facts import ExecutionCreated, ExecutionDeleted, LabelsSet, Transition
from runfold.execution.model import Label
from runfold.execution.state import State
from runfold.ports import Message, Record, slot_of
from runfold.topology import CLAIMS, FACTS
from runfold.webserver.past import PASTS_MAX, STAGE_EVERY, STAGES_MAX, Past, Pasts

LENGTH = 2 * STAGE_EVERY + 100


class Counting(SqliteBroker):
    """A broker that counts what is read of histories."""

    read = 0

    def history(self, *args, **kwargs) -> Iterator[Record]:
        for record in super().history(*args, **kwargs):
            self.read += 1
            yield record


@pytest.fixture
def broker(tmp_path) -> Iterator[Counting]:
    opened = Counting(tmp_path / "log.sqlite")
    yield opened
    opened.close()


def transition(seq: int, *facts, seconds: float | None = None, cause: str = "") -> Transition:
    at = NOW + timedelta(seconds=seq if seconds is None else seconds)
    return Transition("e", seq, at, cause or f"c{seq}", facts or (LabelsSet((Label("seq", str(seq)),)),))


def created(seconds: float = 1, **fields) -> Transition:
    made = ExecutionCreated(id="e", namespace="company.team", flow_id="hello", flow_revision=1, **fields)
    return transition(1, made, seconds=seconds)


def long_story(length: int = LENGTH) -> list[Transition]:
    """Most dates go forward with the number; every seventh was written by a clock that is behind."""
    return [created(), *(transition(seq, seconds=seq - 20 * (seq % 7 == 0)) for seq in range(2, length + 1))]


def write(broker: SqliteBroker, *story: Transition, topic: str = FACTS) -> None:
    other = Message(topic, "other", b"{}", slot=slot_of("e"))
    broker.publish([Message(topic, "e", msgspec.json.encode(entry), slot=slot_of("e")) for entry in story] + [other])


def folded(story: list[Transition], moment: Moment) -> Aggregate | None:
    aggregate: Aggregate | None = None
    for entry in itertools.takewhile(moment.includes, story):
        aggregate = followed(aggregate, entry)
    return aggregate


def test_each_moment_is_as_a_fold_from_the_beginning_has_it_in_whichever_order_they_are_asked_for(broker) -> None:
    story = long_story()
    write(broker, *story)
    past = Past(broker, "e", Life(NOW, LENGTH))
    dice = random.Random(7)
    moments = [Moment(seq=dice.randrange(LENGTH + 5)) for _ in range(30)]
    moments += [Moment(at=NOW + timedelta(seconds=dice.uniform(-5, LENGTH + 5))) for _ in range(30)]

    for moment in (*moments, Moment()):
        assert past.at(moment, LENGTH) == folded(story, moment), moment


def test_a_second_look_reads_from_the_nearest_stage_only(broker) -> None:
    write(broker, *long_story())
    past = Past(broker, "e", Life(NOW, LENGTH))
    past.at(Moment(), LENGTH)
    broker.read = 0

    assert past.at(Moment(), LENGTH) is not None
    assert broker.read == 0
    past.at(Moment(seq=STAGE_EVERY + 10), LENGTH)
    assert broker.read <= 11


def test_a_page_reads_what_it_shows_wherever_it_begins(broker) -> None:
    write(broker, *long_story())
    past = Past(broker, "e", Life(NOW, LENGTH))
    past.page(1, 1, LENGTH)
    past.page(LENGTH, 1, LENGTH)
    broker.read = 0

    page = past.page(LENGTH - 50, 20, LENGTH)

    assert [entry.seq for entry, _ in page] == list(range(LENGTH - 50, LENGTH - 30))
    assert broker.read == 20


def test_what_came_since_is_read_and_nothing_else(broker) -> None:
    story = long_story()
    write(broker, *story)
    pasts = Pasts(broker)
    with pasts.of("e", Life(NOW, LENGTH)) as past:
        past.at(Moment(), LENGTH)
        past.page(1, 10, LENGTH)
    write(broker, transition(LENGTH + 1), transition(LENGTH + 2, cause="kill"))
    write(broker, c.Kill("e", "kill", actor="ada"), topic=CLAIMS)
    broker.read = 0

    with pasts.of("e", Life(NOW, LENGTH + 2)) as past:
        now = past.at(Moment(), LENGTH + 2)
        page = past.page(LENGTH + 1, 10, LENGTH + 2)

    assert now is not None
    assert now.seq == LENGTH + 2
    assert [(entry.seq, cause and cause.actor) for entry, cause in page] == [(LENGTH + 1, None), (LENGTH + 2, "ada")]
    assert broker.read <= 6


def test_a_double_is_no_part_of_the_past(broker) -> None:
    late = transition(2, LabelsSet((Label("seq", "of an executor that was one no more"),)))
    write(broker, created(), transition(2), transition(3), late, transition(4))
    past = Past(broker, "e", Life(NOW, 4))

    for _ in range(2):
        page = past.page(1, 10, 4)
        assert [entry.seq for entry, _ in page] == [1, 2, 3, 4]
        assert page[1][0].facts == (LabelsSet((Label("seq", "2"),)),)


def test_of_a_name_used_again_the_new_execution_is_told(broker) -> None:
    gone = ExecutionDeleted("company.team", "hello", 1, State.SUCCESS)
    write(broker, created(), transition(9, gone))
    again = created(30, inputs={"who": "another"})
    write(broker, again, transition(2, seconds=31))
    past = Past(broker, "e", Life(NOW + timedelta(seconds=30), 2))

    aggregate = past.at(Moment(), 2)
    assert aggregate is not None
    assert (aggregate.execution.inputs, aggregate.seq) == ({"who": "another"}, 2)
    assert [entry.seq for entry, _ in past.page(1, 10, 2)] == [1, 2]
    pasts = Pasts(broker)
    with pasts.of("e", Life(NOW, 1)) as before, pasts.of("e", Life(NOW + timedelta(1), 1)) as after:
        assert before is not after


def test_pasts_that_are_too_many_to_remember_are_forgotten_those_first_that_nobody_looked_at(broker) -> None:
    pasts = Pasts(broker)
    remembered = {}
    for number in range(PASTS_MAX):
        with pasts.of(f"e{number}", Life(NOW, 1)) as remembered[number]:
            pass
    with pasts.of("e0", Life(NOW, 1)), pasts.of("one more", Life(NOW, 1)):
        pass

    with pasts.of("e0", Life(NOW, 1)) as looked_at, pasts.of("e1", Life(NOW, 1)) as forgotten:
        assert looked_at is remembered[0]
        assert forgotten is not remembered[1]


def test_pasts_that_are_too_much_to_remember_are_told_and_forgotten(broker) -> None:
    write(broker, *long_story(200))
    for kept_max_bytes, second_look in ((20_000, 200), (100_000, 0)):
        pasts = Pasts(broker, kept_max_bytes)
        for read in (200, second_look):
            broker.read = 0
            with pasts.of("e", Life(NOW, 200)) as past:
                assert past.at(Moment(), 200).seq == 200
            assert broker.read == read


def test_looking_often_at_what_still_runs_keeps_few_stages(broker) -> None:
    write(broker, created())
    past = Past(broker, "e", Life(NOW, 1))
    for seq in range(2, 3 * STAGES_MAX):
        write(broker, transition(seq))
        assert past.at(Moment(), seq).seq == seq
    assert len(past._stages) <= 2
