"""
Query parameters to the filter tree.

Pure functions. The rule: a parameter that cannot be read is refused with its name; none is
quietly left out.
"""

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from enum import StrEnum
from types import MappingProxyType
from typing import Final

from runfold.documents.grammar.fields import BY_NAME
from runfold.documents.model import FIELDS, FieldType, Kind
from runfold.documents.project import LEVELS
from runfold.documents.query import Between, Exists, Filter, Holds, Is, Not, Sort, Under, Words, all_of
from runfold.errors import BadRequest
from runfold.execution.state import State
from runfold.flows.duration import parse_duration

SYSTEM_NAMESPACE: Final = "system"
SORTS_MAX: Final = 5

_DATE: Final = re.compile(
    r"(\d{4}-\d\d-\d\d)(?:T(\d\d:\d\d)(?::(\d\d)(?:\.(\d{1,9}))?)?)?(Z|[-+ ]\d\d:?\d\d)?", re.ASCII | re.IGNORECASE
)

_SORTS: Final[Mapping[str, str]] = MappingProxyType(
    {
        "state.current": "state",
        "state.startDate": "startDate",
        "state.endDate": "endDate",
        "state.duration": "durationMs",
        "duration": "durationMs",
        "attempts": "attemptCount",
        "date": "timestamp",
    }
)
"""Kestra's names of what documents call otherwise; all other fields go by their own names."""

_SORTABLE: Final = frozenset({FieldType.KEYWORD, FieldType.DATE, FieldType.LONG, FieldType.DOUBLE})


class ChildFilter(StrEnum):
    """Executions that another one started, or those that none did."""

    CHILD = "CHILD"
    MAIN = "MAIN"


class Scope(StrEnum):
    """Executions of people's flows, or of the system's own."""

    USER = "USER"
    SYSTEM = "SYSTEM"


@dataclass(frozen=True, slots=True)
class Range:
    """From when to when, both belong to it; None: no bound."""

    start: datetime | None = None
    end: datetime | None = None

    def within(self, field: str) -> Filter | None:
        """Return the filter that wants `field` to lie here."""
        if self.start is None and self.end is None:
            return None
        return Between(field, self.start, self.end)


def instant_of(name: str, text: str) -> datetime:
    """Return the instant that `text` says; without a zone it is the server's. Raises: BadRequest."""
    found = _DATE.fullmatch(text.strip())
    if found is None:
        raise BadRequest(f"Invalid {name}: {text[:50]!r} is no date such as 2024-12-05T10:11:12.345Z")
    day, minutes, seconds, fraction, zone = found.groups()
    iso = f"{day}T{minutes or '00:00'}:{seconds or '00'}.{((fraction or '') + '000000')[:6]}"
    # A plus that nobody escaped arrives as a space.
    iso += "" if zone is None else zone.upper().replace(" ", "+").replace("Z", "+00:00")
    try:
        return datetime.fromisoformat(iso).astimezone(UTC)
    except (ValueError, OverflowError, OSError) as error:
        raise BadRequest(f"Invalid {name}: {text[:50]!r} is no date that there is") from error


def range_of(start: str | None, end: str | None, time_range: str | None, now: datetime) -> Range:
    """Return what the three date parameters say together. Raises: BadRequest."""
    if time_range:
        if start:
            raise BadRequest("Parameters 'startDate' and 'timeRange' are mutually exclusive")
        first: datetime | None = now - _duration("timeRange", time_range)
    else:
        first = instant_of("startDate", start) if start else None
    last = instant_of("endDate", end) if end else None
    if first is not None and last is not None and first > last:
        raise BadRequest("Start date must be before End Date")
    return Range(first, last)


def _duration(name: str, text: str) -> timedelta:
    try:
        found = parse_duration(text)
        if timedelta() <= found <= timedelta(days=36525):
            return found
    except ValueError:
        pass
    raise BadRequest(f"Invalid {name}: {text[:50]!r} is no duration such as P7D")


def labels_filter(pairs: Iterable[str]) -> Filter | None:
    """Return the filter that wants each `key:value`; a key given twice must have both values. Raises: BadRequest."""
    wanted = []
    for pair in pairs:
        key, colon, value = pair.partition(":")
        if not colon or not key.strip() or not value:
            raise BadRequest(f"Invalid queryString parameter: the label {pair[:100]!r} is not of the form key:value")
        wanted.append(Holds("labels", key, value))
    return all_of(wanted) if wanted else None


def states_filter(texts: Iterable[str]) -> Filter | None:
    """Return the filter that wants one of these states, in either case. Raises: BadRequest."""
    states = []
    for text in texts:
        try:
            states.append(str(State(text.upper())))
        except ValueError as error:
            raise BadRequest(f"Invalid state: {text[:50]!r} is none of {', '.join(State)}") from error
    return Is("state", tuple(states)) if states else None


def child_filter(text: str | None) -> Filter | None:
    """Return the filter that wants executions started by others, or the others. Raises: BadRequest."""
    if not text or text.upper() == "ALL":
        return None
    try:
        wanted = ChildFilter(text.upper())
    except ValueError as error:
        raise BadRequest(f"Invalid childFilter: {text[:50]!r} is none of CHILD, MAIN") from error
    has_parent = Exists("triggerExecutionId")
    return has_parent if wanted is ChildFilter.CHILD else Not(has_parent)


def scope_filter(texts: Iterable[str]) -> Filter | None:
    """Return the filter that wants people's namespaces, or the system's; both is no wish. Raises: BadRequest."""
    try:
        wanted = {Scope(part.upper()) for text in texts for part in text.split(",")}
    except ValueError as error:
        raise BadRequest("Invalid scope: it is none of USER, SYSTEM") from error
    if len(wanted) != 1:
        return None
    is_system = Is("namespace", (SYSTEM_NAMESPACE,))
    return is_system if Scope.SYSTEM in wanted else Not(is_system)


def level_filter(text: str | None) -> Filter | None:
    """Return the filter that wants log lines of this level or a graver one. Raises: BadRequest."""
    if not text:
        return None
    if text.upper() not in LEVELS:
        raise BadRequest(f"Invalid minLevel: {text[:50]!r} is none of {', '.join(LEVELS)}")
    return Between("levelNumber", LEVELS.index(text.upper()))


def words_filter(text: str | None) -> Filter | None:
    """Return the filter that wants each word; nothing and `*` are no wish."""
    cleaned = (text or "").strip().strip("*")
    return Words(cleaned) if cleaned else None


def below(namespace: str | None) -> Filter | None:
    """Return the filter that wants a namespace or one below it."""
    return Under("namespace", namespace) if namespace else None


def same(**values: str | int | None) -> Filter | None:
    """Return the filter that wants each of these fields to be just so; None is no wish."""
    wanted = [Is(field, (value,)) for field, value in values.items() if value is not None and value != ""]
    return all_of(wanted) if wanted else None


def sorts_of(kind: Kind, texts: Sequence[str], default: tuple[Sort, ...]) -> tuple[Sort, ...]:
    """Return the order that `field:asc` or `field:desc` texts ask for, or `-field`. Raises: BadRequest."""
    if not texts:
        return default
    if len(texts) > SORTS_MAX:
        raise BadRequest(f"Invalid sort parameter: more than {SORTS_MAX} of them")
    return tuple(_sort(kind, text) for text in texts)


def _sort(kind: Kind, text: str) -> Sort:
    name, _, direction = text.partition(":")
    plain = name.strip().removeprefix("taskRunList.")
    is_minus = plain.startswith("-") and not direction
    field = _sorted_by(kind, plain.removeprefix("-") if is_minus else plain)
    if field is None or direction.lower() not in ("", "asc", "desc"):
        raise BadRequest(f"Invalid sort parameter: {text[:100]!r}")
    return Sort(field, is_minus or direction.lower() == "desc")


def _sorted_by(kind: Kind, name: str) -> str | None:
    """Return the document's field that Kestra, the documents or queries call so; None: there is no such order."""
    field = _SORTS.get(name, name)
    if FIELDS[kind].get(field) in _SORTABLE:
        return field
    asked = BY_NAME[kind].get(name.lower()) if kind in BY_NAME else None
    return asked.sorted_by(kind) if asked else None
