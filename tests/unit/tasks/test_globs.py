"""Patterns of file names."""

import time

import pytest

from runfold.tasks.globs import WrongPattern, matching

NAMES = ["a.txt", "a.md", "d/a.txt", "d/e/b.txt", "d/e/test1.log", "x[1].txt", "ä.txt"]


@pytest.mark.parametrize(
    ("pattern", "fits"),
    [
        ("*.txt", ["a.txt", "x[1].txt", "ä.txt"]),
        ("**.txt", ["a.txt", "d/a.txt", "d/e/b.txt", "x[1].txt", "ä.txt"]),
        ("**/a.txt", ["a.txt", "d/a.txt"]),
        ("/d/**", ["d/a.txt", "d/e/b.txt", "d/e/test1.log"]),
        ("d/*", ["d/a.txt"]),
        ("d/*/*", ["d/e/b.txt", "d/e/test1.log"]),
        ("**test1*", ["d/e/test1.log"]),
        ("a.{txt,md}", ["a.txt", "a.md"]),
        ("?.txt", ["a.txt", "ä.txt"]),
        ("[a-c].txt", ["a.txt"]),
        ("[!a-c].txt", ["ä.txt"]),
        ("x\\[1].txt", ["x[1].txt"]),
        ("glob:a.*", ["a.txt", "a.md"]),
        ("a.tx", []),
        ("", []),
    ],
)
def test_a_pattern_fits_whole_names(pattern: str, fits: list[str]) -> None:
    test = matching([pattern])

    assert [name for name in NAMES if test(name)] == fits
    assert [name for name in NAMES if test(f"/{name}")] == fits


@pytest.mark.parametrize("pattern", ["{a", "a}", "{a,{b}}", "[z-a]", "x" * 1_001])
def test_a_pattern_that_makes_no_sense_is_refused(pattern: str) -> None:
    with pytest.raises(WrongPattern):
        matching([pattern])


def test_no_pattern_takes_long() -> None:
    test = matching(["**a" * 100 + "b"])
    since = time.monotonic()

    assert not test("a" * 1_000)
    assert time.monotonic() - since < 1
