import json
import logging
import os
import signal
import subprocess
import sys
import threading
from collections.abc import Callable

import pytest

from runfold.errors import BrokenInvariant, Unavailable
from runfold.runtime import JsonLines, run, run_all, stop_on_signals

END_S = 10.0

FROZEN = """
import ctypes, threading, time
from runfold.runtime import end_when_frozen

with end_when_frozen(frozen_s=1, looked_each_s=0.1):
    time.sleep(0.3)
    {work}
print("came through")
"""


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


@pytest.mark.parametrize(
    ("work", "comes_through"),
    [
        # Called this way a function keeps the interpreter to itself.
        ("ctypes.PyDLL(None).sleep(60)", False),
        ("time.sleep(2)", True),
        ("end = time.monotonic() + 2\n    while time.monotonic() < end: pass", True),
    ],
    ids=["frozen", "waiting", "computing"],
)
def test_only_a_process_that_is_frozen_is_ended_and_it_shows_where(work: str, *, comes_through: bool) -> None:
    line = [sys.executable, "-c", FROZEN.format(work=work)]

    done = subprocess.run(line, capture_output=True, text=True, timeout=50, check=False)

    assert ("came through" in done.stdout) is comes_through, done.stderr
    assert (done.returncode, "Timeout" in done.stderr) == ((0, False) if comes_through else (1, True))
