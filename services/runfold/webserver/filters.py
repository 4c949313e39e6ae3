"""
`filters[field][OPERATION]=value`, as Kestra's newer clients send them, to the language of queries.

Each parameter becomes a term of that language, so both mean the same and are checked by the
same table. The rule: what has no place there (REGEX, say) is refused, with the parameter's name.
"""

import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import suppress
from datetime import datetime
from types import MappingProxyType
from typing import Any, Final

from runfold.documents.grammar.fields import QueryField, ValueType
from runfold.documents.grammar.filter import filter_of
from runfold.documents.grammar.terms import checked, find_field
from runfold.documents.grammar.tree import FREE_TEXT, Expression, Op, Term, Value, Without
from runfold.documents.instants import instant_text
from runfold.documents.model import Kind
from runfold.documents.query import AnyOf, Filter, all_of
from runfold.errors import BadRequest, QueryInvalid
from runfold.webserver.parameters import child_filter, instant_of, level_filter, scope_filter

FILTERS_MAX: Final = 64
PREFIX: Final = "filters["

_PARAMETER: Final = re.compile(r"filters\[([^\[\]]+)\]\[([A-Z_]+)\](?:\[(.*)\])?", re.DOTALL)
_GROUPS: Final = re.compile(r"filters((?:\[(?:and|or)\]\[\d{1,3}\]){1,2})(?=\[)")
_GROUP: Final = re.compile(r"\[(and|or)\]\[(\d+)\]")
"""`filters[or][0][and][1][state][EQUALS]`: the second part of a group that is the first part of another."""

_NAMES: Final[Mapping[str, str]] = MappingProxyType({"query": FREE_TEXT, "enddate": "start", "starttime": "start"})
"""Kestra's names of what queries call otherwise. Both dates are of the start, as in `startDate` and `endDate`."""

_LOG_NAMES: Final[Mapping[str, str]] = MappingProxyType({"query": FREE_TEXT, "enddate": "date", "startdate": "date"})

_SIGNS: Final[Mapping[str, Op]] = MappingProxyType(
    {
        "GREATER_THAN": Op.GREATER,
        "GREATER_THAN_OR_EQUAL_TO": Op.AT_LEAST,
        "LESS_THAN": Op.LESS,
        "LESS_THAN_OR_EQUAL_TO": Op.AT_MOST,
    }
)
_LISTS: Final = frozenset({"IN", "NOT_IN"})
_NEGATIONS: Final = frozenset({"NOT_EQUALS", "NOT_IN"})
_BEGINNINGS: Final = frozenset({"PREFIX", "STARTS_WITH"})
_EQUALITIES: Final = _LISTS | _NEGATIONS | {"EQUALS"}

_OWN: Final[Mapping[str, Callable[[str], Filter | None]]] = MappingProxyType(
    {
        "scope": lambda text: scope_filter([text]),
        "childfilter": child_filter,
        "minlevel": level_filter,
    }
)
"""What is no field of queries: it is read like the parameter of this name."""


def filters_filter(given: Mapping[str, Any], kind: Kind, now: datetime) -> Filter | None:
    """Return the filter that all `filters[...]` of the parameters say together. Raises: BadRequest."""
    wanted = [(name, text) for name, text in _pairs(given) if text]
    if len(wanted) > FILTERS_MAX:
        raise BadRequest(f"Invalid filters: there are more than {FILTERS_MAX}")
    if not wanted:
        return None
    group = _Group()
    for name, text in wanted:
        found = _GROUPS.match(name)
        place = _GROUP.findall(found[1]) if found else []
        plain = PREFIX.removesuffix("[") + name[found.end() :] if found else name
        try:
            group.add(place, _filter(plain, text, kind, now))
        except QueryInvalid as error:
            raise QueryInvalid(str(error).replace(plain, name), error.column, name) from error
    return group.filter()


class _Group:
    """Filters that must all hold, and groups of which all, or one of whose parts, must."""

    def __init__(self) -> None:
        self._filters: list[Filter | None] = []
        self._parts: dict[str, dict[int, _Group]] = {}

    def add(self, place: list[tuple[str, str]], found: Filter | None) -> None:
        if not place:
            self._filters.append(found)
            return
        (logic, number), *rest = place
        self._parts.setdefault(logic, {}).setdefault(int(number), _Group()).add(rest, found)

    def filter(self) -> Filter:
        found = list(self._filters)
        for logic, parts in self._parts.items():
            inner = tuple(part.filter() for _, part in sorted(parts.items()))
            found.append(AnyOf(inner) if logic == "or" else all_of(inner))
        return all_of(found)


def _pairs(given: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    for name, values in given.items():
        if name.startswith(PREFIX):
            for value in values if isinstance(values, list | tuple) else (values,):
                yield name, str(value)


def _filter(name: str, text: str, kind: Kind, now: datetime) -> Filter | None:
    found = _PARAMETER.fullmatch(name)
    if found is None:
        raise _invalid(name, "it is not of the form filters[field][OPERATION] or filters[labels][OPERATION][key]")
    asked, operation, key = found.groups()
    own = _OWN.get(asked.lower())
    try:
        if own is not None and key is None:
            return _own(own, operation, text)
        return filter_of(_expression((asked, operation, key), text, kind), kind, now)
    except QueryInvalid as error:
        raise QueryInvalid(str(error), error.column, name) from error
    except BadRequest as error:
        raise _invalid(name, str(error)) from error


def _own(read: Callable[[str], Filter | None], operation: str, text: str) -> Filter | None:
    if operation not in {"EQUALS", "IN", "GREATER_THAN_OR_EQUAL_TO"}:
        raise BadRequest(f"{operation} is not known here: use EQUALS")
    return read(text)


def _expression(parameter: tuple[str, str, str | None], text: str, kind: Kind) -> Expression:
    asked, operation, key = parameter
    if asked.lower() == "timerange":
        start = "date" if kind is Kind.LOGS else "start"
        return checked(Term(start, Op.AT_LEAST, (Value(f"-{text}"),)), kind)
    names = _LOG_NAMES if kind is Kind.LOGS else _NAMES
    found = find_field(names.get(asked.lower(), asked), kind)
    if found is None:
        raise BadRequest(f"unknown field '{asked[:50]}'")
    if (found.type is ValueType.MAP) is (key is None):
        raise BadRequest("a map, and nothing else, is asked for its key, as in filters[labels][EQUALS][key]")
    op = _op(operation, found)
    term = checked(Term(found.name, op, tuple(_values(operation, text, found)), key), kind)
    return Without(term) if operation in _NEGATIONS else term


def _op(operation: str, found: QueryField) -> Op:
    is_text = found.type in {ValueType.NAME, ValueType.PATH}
    if operation in _SIGNS:
        return _SIGNS[operation]
    if (
        operation in _EQUALITIES
        or (operation in _BEGINNINGS and is_text)
        or (operation == "CONTAINS" and found.type is ValueType.WORDS)
    ):
        return Op.IS
    advice = "use EQUALS, IN, STARTS_WITH or PREFIX" if is_text else "use EQUALS or IN"
    raise BadRequest(f"{operation[:50]} is not known for {found.name}: {advice}")


def _values(operation: str, text: str, found: QueryField) -> Iterator[Value]:
    column = 1
    for part in text.split(",") if operation in _LISTS else (text,):
        yield _value(operation, part, found, column)
        column += len(part) + 1


def _value(operation: str, text: str, found: QueryField, column: int) -> Value:
    if operation == "PREFIX" and found.type is ValueType.PATH:
        return Value(text.rstrip(".") + ".", is_open=True, column=column)
    if operation in _BEGINNINGS:
        return Value(text, is_open=True, column=column)
    if found.type is ValueType.DATE:
        with suppress(BadRequest):
            return Value(instant_text(instant_of("date", text)), column=column)
    return Value(text, column=column)


def _invalid(name: str, why: str) -> QueryInvalid:
    return QueryInvalid(f"Invalid {name[:100]}: {why}", 1, name[:100])


def names_of(given: Iterable[str]) -> list[str]:
    """Return those names that are no `filters[...]`."""
    return [name for name in given if not name.startswith(PREFIX)]
