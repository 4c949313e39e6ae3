"""Which records may be confirmed."""

from runfold.ports import Record
from runfold.worker.progress import Place, Progress


def record(offset: int, partition: int = 0) -> Record:
    return Record("tasks.default", partition, offset, "k", b"", {}, 0)


def taken(progress: Progress, offset: int, partition: int = 0) -> Place:
    place = progress.take(record(offset, partition))
    assert place is not None
    return place


def places(progress: Progress) -> list[tuple[int, int]]:
    return [(entry.partition, entry.offset) for entry in progress.confirmable()]


def test_only_what_no_unanswered_record_stands_before_is_confirmed() -> None:
    progress = Progress()
    first, second, third = (taken(progress, offset) for offset in (5, 6, 7))
    second.is_answered = third.is_answered = True
    assert places(progress) == []

    first.is_answered = True
    assert places(progress) == [(0, 5), (0, 6), (0, 7)]


def test_partitions_do_not_wait_for_each_other() -> None:
    progress = Progress()
    taken(progress, 5, partition=0)
    taken(progress, 9, partition=1).is_answered = True

    assert places(progress) == [(1, 9)]


def test_a_record_in_hand_is_not_taken_twice_and_after_its_confirmation_it_is() -> None:
    progress = Progress()
    taken(progress, 5).is_answered = True
    assert progress.take(record(5)) is None

    progress.confirmed(progress.confirmable())
    assert len(progress) == 0
    assert progress.take(record(5)) is not None


def test_nothing_of_a_partition_that_went_away_is_confirmed() -> None:
    progress = Progress()
    place = taken(progress, 5, partition=3)
    place.is_answered = True
    progress.revoke([3])

    assert place.is_lost
    assert progress.confirmable() == []
    assert progress.take(record(5, 3)) is not None
