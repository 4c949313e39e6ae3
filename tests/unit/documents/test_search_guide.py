"""
The guide to searching says what the table of fields says, and its examples can be read.

`python -m tests.unit.documents.test_search_guide` writes the guide's tables anew.
"""

import re
from datetime import UTC, datetime
from pathlib import Path
from typing import Final

import pytest

from runfold.documents.grammar import read_query
from runfold.documents.grammar.fields import QUERY_FIELDS, QueryField
from runfold.documents.model import Kind
from runfold.errors import QueryInvalid

GUIDE: Final = Path(__file__).parents[3] / "docs" / "howto" / "search.md"
TABLE: Final = re.compile(r"(<!-- fields:(\w+) -->\n).*?(<!-- end -->)", re.DOTALL)
NOW: Final = datetime(2024, 12, 5, tzinfo=UTC)


def table_of(kind: Kind) -> str:
    rows = "".join(_row(field, kind) for field in QUERY_FIELDS[kind])
    return f"| field | what it is | kind of value | sorted by | examples |\n|---|---|---|---|---|\n{rows}"


def _row(field: QueryField, kind: Kind) -> str:
    aliases = f" (also {', '.join(f'`{alias}`' for alias in field.aliases)})" if field.aliases else ""
    examples = ", ".join(f"`{example}`" for example in field.examples)
    order = f"`{field.sorted_by(kind)}`" if field.sorted_by(kind) else ""
    return f"| `{field.name}`{aliases} | {field.description} | {field.type} | {order} | {examples} |\n"


def written(guide: str) -> str:
    return TABLE.sub(lambda found: f"{found[1]}{table_of(Kind(found[2]))}{found[3]}", guide)


def test_the_guide_has_the_tables_of_all_fields():
    guide = GUIDE.read_text()
    assert {kind for _, kind, _ in TABLE.findall(guide)} == set(QUERY_FIELDS)
    assert written(guide) == guide, f"run: python -m {__spec__.name}"


def _shown() -> list[str]:
    """Return what stands in the guide's first column of how a query is read, and its first lines of code."""
    guide = GUIDE.read_text()
    rows = re.findall(r"^\| (`.+?) \| [^`\n]", guide[: guide.index("## Kestra")], re.MULTILINE)
    found = [text for row in rows for text in re.findall(r"`([^`]+)`", row)]
    return [*found, *re.findall(r"^    (state:.*)$", guide, re.MULTILINE)]


@pytest.mark.parametrize("text", [text for text in _shown() if not re.match(r":|\.\.|\d", text)])
def test_what_the_guide_shows_can_be_read(text):
    read_query(text, Kind.TASKRUNS, NOW)


def test_the_guide_shows_the_error_as_it_is():
    with pytest.raises(QueryInvalid) as refused:
        read_query("stat:FAILED", Kind.TASKRUNS, NOW)
    (shown,) = re.findall(r"^    (unknown .*)$", GUIDE.read_text(), re.MULTILINE)
    assert str(refused.value).startswith(shown)


if __name__ == "__main__":
    GUIDE.write_text(written(GUIDE.read_text()))
