"""A letter holds what can be held of a record, and is never too large to be sent."""

import base64
from typing import Any

import orjson
import pytest

from runfold.adapters.dead_letters import dead_letter
from runfold.ports import RECORD_SIZE_MAX, Record


def letter(value: bytes | None, key: str | None = "k", error: str = "no such thing") -> dict[str, Any]:
    message = dead_letter(Record("requests", 3, 17, key, value, {}, 0), error)
    assert len(message.value or b"") <= RECORD_SIZE_MAX
    assert len((message.key or "").encode()) <= 4_000
    found: dict[str, Any] = orjson.loads(message.value or b"")
    return found


def test_a_letter_says_what_came_from_where_and_what_is_wrong_with_it() -> None:
    assert letter("Zoë".encode()) == {
        "topic": "requests",
        "partition": 3,
        "offset": 17,
        "key": "k",
        "error": "no such thing",
        "value": "Zoë",
    }


def test_what_is_no_text_is_kept_in_base64() -> None:
    found = letter(b"\xff\x00")

    assert base64.b64decode(found["valueBase64"]) == b"\xff\x00"
    assert "value" not in found


def test_a_record_without_value_or_key_has_a_letter() -> None:
    assert (letter(None, key=None)["value"], letter(None, key=None)["key"]) == ("", None)


@pytest.mark.parametrize(
    "value",
    [b"x" * RECORD_SIZE_MAX, b"\x00" * RECORD_SIZE_MAX, "€".encode() * 300_000, b'"' * RECORD_SIZE_MAX],
    ids=["plain", "control characters", "wide characters", "quotes"],
)
def test_a_long_text_is_cut_until_its_letter_can_be_sent(value: bytes) -> None:
    found = letter(value)

    assert found.get("truncated", False) is (found["value"].encode() != value)
    assert value.startswith(found["value"].encode())
    assert len(found["value"]) > 100_000


def test_a_long_value_that_is_no_text_is_cut() -> None:
    value = b"\xff" * (1024 * 1024)

    found = letter(value)

    assert found["truncated"] is True
    assert value.startswith(base64.b64decode(found["valueBase64"]))


def test_a_key_and_an_error_of_any_length_and_content_fit() -> None:
    found = letter(b"\x00" * RECORD_SIZE_MAX, key="€" * 500_000, error="\ud800" + "\x00" * 100_000)

    assert found["key"] == "€" * 1_000
    assert found["error"].startswith("?")
