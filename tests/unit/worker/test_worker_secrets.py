"""Secrets and their mask."""

import base64

import pytest

from runfold.errors import ExpressionFailed
from runfold.worker.secrets import SecretMask


def encoded(value: str) -> str:
    return base64.b64encode(value.encode()).decode()


def test_a_secret_is_found_by_its_key_in_any_case() -> None:
    mask = SecretMask({"SECRET_MY_KEY": encoded("value")})

    assert mask.secret("my_key") == mask.secret("MY_KEY") == "value"


def test_line_breaks_in_the_base64_are_accepted() -> None:
    lines = encoded("password" * 20)
    mask = SecretMask({"SECRET_LONG": lines[:76] + "\n" + lines[76:]})

    assert mask.secret("long") == "password" * 20


def test_a_missing_secret_is_named() -> None:
    with pytest.raises(ExpressionFailed, match=r"^Cannot find secret for key 'unknown_secret_key'\.$"):
        SecretMask({}).secret("unknown_secret_key")


def test_a_secret_that_is_no_base64_is_refused_without_showing_it() -> None:
    with pytest.raises(ExpressionFailed) as failure:
        SecretMask({"SECRET_BAD": "plain!text"}).secret("bad")

    assert "plain" not in str(failure.value)
    assert failure.value.__cause__ is None
    assert failure.value.__suppress_context__


@pytest.mark.parametrize(
    ("secret", "masked"),
    [("s3cre", "*****"), ("exactly-9", "**masked*"), ("twelve-chars", "**masked****")],
)
def test_a_used_secret_becomes_asterisks_of_the_same_length(secret: str, masked: str) -> None:
    mask = SecretMask({"SECRET_X": encoded(secret)})
    assert mask(f"a {secret} b") == f"a {secret} b"
    mask.secret("x")

    assert mask(f"a {secret} b") == f"a {masked} b"


def test_only_the_first_run_of_asterisks_says_masked() -> None:
    mask = SecretMask({"SECRET_X": encoded("nine-char")})
    mask.secret("x")

    assert mask("nine-char nine-char") == "**masked* *********"


def test_the_longest_secret_is_masked_first() -> None:
    mask = SecretMask({"SECRET_A": encoded("abc"), "SECRET_B": encoded("abcdef")})
    mask.secret("a")
    mask.secret("b")

    assert mask("abcdef abc") == "****** ***"


def test_a_secret_is_masked_in_json_in_a_url_and_in_base64_too() -> None:
    value = 'p"ss w\\rd'
    mask = SecretMask({"SECRET_X": encoded(value)})
    mask.secret("x")

    masked = mask(f'json "p\\"ss w\\\\rd" url p%22ss%20w%5Crd base64 {encoded(value)}')
    assert "ss" not in masked.replace("masked", "")
    assert encoded(value).rstrip("=") not in masked


def test_a_short_secret_is_masked_as_a_word_and_leaves_other_words_alone() -> None:
    mask = SecretMask({"SECRET_PIN": encoded("s")})
    mask.secret("pin")

    assert mask("Task failure: pin=s, 's'") == "Task failure: pin=*, '*'"
