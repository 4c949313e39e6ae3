"""Errors that differ in numbers and names only are the same error."""

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.unit.documents.test_project import ENDED, FULL

from runfold.documents.fingerprint import fingerprint
from runfold.documents.project import project_taskrun
from runfold.execution.model import Attempt


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("Connection to 10.0.0.1:9092 timed out after 30 s", "Connection to 10.0.0.7:9093 timed out after 5 s"),
        ("No such file: '/tmp/a.csv'", "No such file: '/var/b.csv'"),
        ('KeyError: "a"', 'KeyError: "b"'),
        ("Execution 5sW2kQ9xYz failed", "Execution 7aB3cD4eFg failed"),
        ("GET https://example.org/a?b=c answered 500", "GET https://example.com/d answered 502"),
        ("at 2024-12-05T10:11:12.345Z:  gone", "at 2025-01-01T00:00:00Z: gone"),
        ("2f6c1a52-8f0e-4b7e-9b0a-1c2d3e4f5a6b is unknown", "9b0a1c2d-0000-4b7e-9b0a-2f6c1a528f0e is unknown"),
    ],
)
def test_what_differs_from_run_to_run_tells_no_errors_apart(one, other):
    assert fingerprint(one) == fingerprint(other)


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("Connection timed out", "Connection refused"),
        ("can't read it, won't try", "can't read it, don't try"),
        ("TypeError: bad", "ValueError: bad"),
    ],
)
def test_different_words_are_different_errors(one, other):
    assert fingerprint(one) != fingerprint(other)


def test_the_task_runs_own_ids_do_not_count_even_without_a_digit():
    assert fingerprint("Execution abcDEF failed", ("abcDEF",)) == fingerprint("Execution xyz failed", ("xyz",))


@given(st.text(max_size=200))
def test_every_text_has_a_fingerprint_of_one_form(text):
    assert len(fingerprint(text)) == 16
    assert set(fingerprint(text)) <= set("0123456789abcdef")


def test_a_long_error_takes_no_longer_to_read_than_a_text_of_its_size_may():
    assert fingerprint("'" * 100_000) == fingerprint("'" * 200_000)


def test_task_runs_with_the_same_fault_are_found_by_its_fingerprint_and_the_others_have_none():
    def failed(task_run_id, error):
        attempts = (Attempt(ENDED, "w", error=error),)
        body = project_taskrun(msgspec.structs.replace(FULL, id=task_run_id, attempts=attempts)).body
        return body.get("errorFingerprint"), body.get("errorText")

    (one, text), (other, _) = failed("tr1", "row 17 of tr1 is bad"), failed("tr2", "row 18 of tr2 is bad")
    assert one == other is not None
    assert text == "row 17 of tr1 is bad"
    assert failed("tr3", None) == (None, None)
