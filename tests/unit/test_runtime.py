import json
import logging
import os
import signal
import threading
from collections.abc import Callable

import pytest

from runfold.errors import BrokenInvariant, Unavailable
from runfold.runtime import JsonLines, run, run_all, stop_on_signals

END_S = 10.0


class Pauses(threading.Event):
    """An event that notes how long it was waited for, and waits for nothing."""

    def __init__(self) -> None:
        super().__init__()
        self.seconds: list[float] = []

    def wait(self, timeout: float | None = None) -> bool:
        self.seconds.append(timeout or 0.0)
        return self.is_set()


def steps(stop: threading.Event, *outcomes: Exception | None) -> Callable[[], None]:
    waiting = list(outcomes)

    def step() -> None:
        outcome = waiting.pop(0)
        if not waiting:
            stop.set()
        if outcome is not None:
            raise outcome

    return step


def test_a_backend_that_is_away_is_waited_out_twice_as_long_each_time_and_a_good_step_starts_anew() -> None:
    stop = Pauses()
    away = Unavailable("away")

    run(steps(stop, away, away, away, None, away, None), stop)

    assert stop.seconds == [0.1, 0.2, 0.4, 0.1]


def test_the_pause_has_a_limit() -> None:
    stop = Pauses()

    run(steps(stop, *[Unavailable("away")] * 12), stop)

    assert max(stop.seconds) == 10.0


def test_any_other_error_ends_the_service() -> None:
    stop = threading.Event()

    with pytest.raises(BrokenInvariant, match="seq"):
        run(steps(stop, None, BrokenInvariant("seq"), None), stop)


def test_the_first_service_that_dies_stops_all_and_its_error_is_raised() -> None:
    stop = threading.Event()
    served = threading.Event()

    def lives() -> None:
        served.set()
        stop.wait(END_S)

    def dies() -> None:
        assert served.wait(END_S)
        raise BrokenInvariant("the first")

    with pytest.raises(BrokenInvariant, match="the first"):
        run_all({"lives": lives, "dies": dies}, stop)
    assert stop.is_set()


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_signal_stops_and_the_former_handlers_come_back(number: signal.Signals) -> None:
    before = signal.getsignal(number)
    woken = threading.Event()

    with stop_on_signals(woken.set) as stop:
        assert not stop.is_set()
        os.kill(os.getpid(), number)
        assert stop.wait(END_S)
        assert woken.is_set()

    assert signal.getsignal(number) == before


def test_a_log_line_for_programs_is_one_json_object() -> None:
    record = logging.LogRecord("runfold.worker", logging.WARNING, __file__, 1, "two\nlines of %s", ("x",), None)

    line = JsonLines().format(record)

    assert "\n" not in line
    assert json.loads(line)["message"] == "two\nlines of x"
