"""Words of texts."""

import re

from hypothesis import given
from hypothesis import strategies as st

from runfold.documents.tokenizer import WORD_LENGTH_MAX, words_of


def test_a_text_is_split_at_what_is_neither_letter_nor_digit() -> None:
    assert words_of("Io.kestra-TESTS snake_case 42!") == ["io", "kestra", "tests", "snake_case", "42"]
    assert words_of("Größe: 4µm, ΣΑΣ") == ["größe", "4µm", "σας"]


def test_of_a_long_word_the_beginning_counts() -> None:
    assert words_of("x" * 500 + " y") == ["x" * WORD_LENGTH_MAX, "y"]


@given(st.text(st.characters(max_codepoint=127), max_size=80))
def test_plain_letters_are_split_as_all_others_are(text: str) -> None:
    assert words_of(text) == re.findall(r"\w+", text.lower())
