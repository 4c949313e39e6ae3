"""When what was stored is made searchable."""

import pytest

from runfold.errors import Unavailable
from runfold.indexer.showing import Showing


class Counted:
    """An index that counts how often it was refreshed, and may be away."""

    def __init__(self) -> None:
        self.count = 0
        self.is_away = False

    def refresh(self) -> None:
        if self.is_away:
            raise Unavailable("no index")
        self.count += 1


@pytest.fixture
def index() -> Counted:
    return Counted()


@pytest.fixture
def now() -> list[float]:
    return [100.0]


@pytest.fixture
def showing(index: Counted, now: list[float]) -> Showing:
    return Showing(index, every_s=1, busy_every_s=10, clock=lambda: now[0])


def test_the_first_thing_stored_is_shown_at_once_and_the_next_a_second_later(
    showing: Showing, index: Counted, now: list[float]
) -> None:
    showing.show()
    assert (index.count, showing.left_s()) == (0, float("inf"))
    showing.stored(is_busy=False)
    showing.show()
    assert index.count == 1
    now[0] += 0.4
    showing.stored(is_busy=False)
    showing.show()
    assert index.count == 1
    assert showing.left_s() == pytest.approx(0.6)
    now[0] += 0.6
    showing.show()
    assert index.count == 2


def test_who_catches_up_shows_what_there_is_rarely_until_one_has_caught_up(
    showing: Showing, index: Counted, now: list[float]
) -> None:
    for _ in range(25):
        showing.stored(is_busy=True)
        showing.show()
        now[0] += 1
    assert index.count == 3
    showing.stored(is_busy=False)
    showing.stored(is_busy=True)
    showing.show()
    assert index.count == 4


def test_what_an_index_that_was_away_did_not_show_is_shown_later(
    showing: Showing, index: Counted, now: list[float]
) -> None:
    index.is_away = True
    showing.stored(is_busy=False)
    with pytest.raises(Unavailable):
        showing.show()
    index.is_away = False
    now[0] += 1
    showing.show()
    assert index.count == 1
