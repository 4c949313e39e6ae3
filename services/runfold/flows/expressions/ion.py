"""
Amazon Ion in templates: its text form, for data like JSON's.

Floats print with an exponent and all their digits, dates as texts marked by their Java type.
Reading knows structs, lists, texts, symbols, numbers, timestamps (as texts) and annotations (which
are dropped); blobs, clobs and s-expressions are refused.
"""

import math
import re
from collections.abc import Callable, Mapping
from datetime import date, datetime, time, timedelta
from decimal import Decimal
from typing import Final

from runfold.flows.expressions.failures import Refused
from runfold.flows.expressions.operators import DIGITS_MAX
from runfold.flows.expressions.printing import DEPTH_MAX, is_instant, json_text, print_value, scalar_text

_SYMBOL = re.compile(r"[A-Za-z_$][A-Za-z0-9_$]*")
_KEYWORDS: Final = frozenset({"null", "true", "false", "nan"})


def dump(value: object, measure: Callable[[int], None]) -> str:
    """Return `value` as Ion text; `measure` is told how long it gets, and may refuse."""
    pieces: list[str] = []
    chars = 0

    def write(text: str) -> None:
        nonlocal chars
        chars += len(text)
        measure(chars)
        pieces.append(text)

    _write(value, write, 0)
    return "".join(pieces)


def _write(value: object, write: Callable[[str], None], depth: int) -> None:
    if depth > DEPTH_MAX:
        raise Refused("A value is nested too deep to be printed")
    if isinstance(value, Mapping):
        write("{")
        comma = ""
        for key, item in value.items():
            if item is not None:
                write(f"{comma}{_symbol(print_value(key))}:")
                _write(item, write, depth + 1)
                comma = ","
        write("}")
    elif isinstance(value, list | tuple | set | frozenset):
        write("[")
        for at, item in enumerate(value):
            if at:
                write(",")
            _write(item, write, depth + 1)
        write("]")
    else:
        write(_scalar(value))


def _symbol(name: str) -> str:
    if _SYMBOL.fullmatch(name) and name not in _KEYWORDS:
        return name
    return "'" + json_text(name)[1:-1].replace('\\"', '"').replace("'", "\\'") + "'"


def _scalar(value: object) -> str:
    match value:
        case None:
            return "null"
        case str():
            return json_text(value)
        case float():
            return _float(value)
        case Decimal():
            text = format(value, "f")
            return text if "." in text else f"{text}."
        case date() | time() | timedelta():
            return f"{_kind(value)}::{json_text(_full_seconds(print_value(value)))}"
    return scalar_text(value, zoned=print_value)


def _kind(value: date | time | timedelta) -> str:
    """Return the Java type that marks a date's text."""
    match value:
        case datetime():
            return "Instant" if is_instant(value) else "ZonedDateTime" if value.tzinfo else "LocalDateTime"
        case date():
            return "LocalDate"
        case time():
            return "LocalTime"
        case timedelta():
            return "Duration"


def _full_seconds(text: str) -> str:
    """Return a date-time's text with its seconds, also if they are zero."""
    return re.sub(r"(T\d{2}:\d{2})(?=$|[Z+-])", r"\1:00", text)


def _float(value: float) -> str:
    number = float(value)
    if not math.isfinite(number):
        return "nan" if math.isnan(number) else "+inf" if number > 0 else "-inf"
    mantissa, _, exponent = repr(number).partition("e")
    return f"{mantissa.removesuffix('.0') if exponent else mantissa}e{int(exponent or 0)}"


# Reading -----------------------------------------------------------------------------------------

_TOKEN = re.compile(
    r"""(?:\s|//[^\n]*|/\*.*?\*/)*(?:
      (?P<long>'''.*?''')
    | (?P<text>"[^"\\]*(?:\\.[^"\\]*)*")
    | (?P<quoted>'[^'\\]*(?:\\.[^'\\]*)*')
    | (?P<infinite>[-+]inf)
    | (?P<time>\d{4}-\d{2}(?:-\d{2}(?:T[0-9:.+\-Z]*)?|T)|\d{4}T)
    | (?P<number>-?(?:0[xX][0-9a-fA-F_]+|0[bB][01_]+|[0-9][0-9_]*(?:\.[0-9_]*)?(?:[eEdD][-+]?[0-9]{1,3})?))
    | (?P<symbol>[A-Za-z_$][A-Za-z0-9_$]*(?:\.[a-z]+)?)
    | (?P<mark>::|[{}\[\]:,])
    | (?P<end>\Z))""",
    re.VERBOSE | re.DOTALL,
)
_ESCAPE = re.compile(r"\\(x[0-9a-fA-F]{2}|u[0-9a-fA-F]{4}|U[0-9a-fA-F]{8}|\r?\n|.)", re.DOTALL)
_ESCAPED: Final = {
    "0": "\0", "a": "\a", "b": "\b", "t": "\t", "n": "\n", "f": "\f", "r": "\r", "v": "\v", "\n": "", "\r\n": "",
}  # fmt: skip
_WORDS: Final[Mapping[str, object]] = {"true": True, "false": False, "nan": math.nan}


def load(text: str, step: Callable[[], None]) -> object:
    """Return the first value of an Ion text (null: there is none)."""
    reader = _Reader(text, step)
    return None if reader.kind == "end" else reader.value(0)


class _Reader:
    def __init__(self, text: str, step: Callable[[], None]) -> None:
        self._text = text
        self._step = step
        self._at = 0
        self.kind = ""
        self.token = ""
        self._next()

    def _next(self) -> None:
        self._step()
        found = _TOKEN.match(self._text, self._at)
        if found is None:
            raise self._wrong()
        self.kind = found.lastgroup or ""
        self.token = found.group(self.kind)
        self._at = found.end()

    @staticmethod
    def _wrong() -> Refused:
        return Refused("The function 'fromIon' needs a text of valid Ion")

    def _take(self) -> tuple[str, str]:
        taken = self.kind, self.token
        if self.kind != "end":
            self._next()
        return taken

    def _is(self, mark: str) -> bool:
        return self.kind == "mark" and self.token == mark

    def value(self, depth: int) -> object:
        if depth > DEPTH_MAX // 2:
            raise Refused("A text of Ion is nested too deep")
        while True:
            kind, token = self._take()
            if kind not in ("symbol", "quoted") or not self._is("::"):
                break
            self._take()  # an annotation says no more than how to read the value
        match kind, token:
            case "mark", "{":
                return self._struct(depth)
            case "mark", "[":
                return self._list(depth)
            case "symbol", _:
                return None if token.partition(".")[0] == "null" else _WORDS.get(token, token)
            case (("text" | "quoted"), _):
                return _unescaped(token[1:-1])
            case "long", _:
                return self._long(token)
            case "number", _:
                return _number(token)
            case "infinite", _:
                return math.inf if token[0] == "+" else -math.inf
            case "time", _:
                return token
        raise self._wrong()

    def _long(self, token: str) -> str:
        pieces = [_unescaped(token[3:-3])]
        while self.kind == "long":
            pieces.append(_unescaped(self._take()[1][3:-3]))
        return "".join(pieces)

    def _struct(self, depth: int) -> dict[str, object]:
        fields: dict[str, object] = {}
        while not self._is("}"):
            kind, token = self._take()
            if kind not in ("symbol", "quoted", "text", "long") or not self._is(":"):
                raise self._wrong()
            name = token if kind == "symbol" else _unescaped(token.strip("'") if kind == "long" else token[1:-1])
            self._take()
            fields[name] = self.value(depth + 1)
            self._comma("}")
        self._take()
        return fields

    def _list(self, depth: int) -> list[object]:
        items: list[object] = []
        while not self._is("]"):
            items.append(self.value(depth + 1))
            self._comma("]")
        self._take()
        return items

    def _comma(self, closing: str) -> None:
        if self._is(","):
            self._take()
        elif not self._is(closing):
            raise self._wrong()


def _unescaped(text: str) -> str:
    return _ESCAPE.sub(_character, text) if "\\" in text else text


def _character(found: re.Match[str]) -> str:
    escape = found.group(1)
    if escape[0] in "xuU" and len(escape) > 1:
        code = int(escape[1:], 16)
        return chr(code) if code < 0x110000 else "\ufffd"
    return _ESCAPED.get(escape, escape)


def _number(token: str) -> object:
    digits = token.replace("_", "")
    if len(digits) > DIGITS_MAX:
        raise Refused("A number has too many digits")
    prefix = digits.lstrip("-")[:2].lower()
    if prefix in ("0x", "0b"):
        return int(digits, 16 if prefix == "0x" else 2)
    if "e" in digits.lower():
        return float(digits)
    if "d" in digits.lower() or "." in digits:
        return Decimal(digits.lower().replace("d", "e"))
    return int(digits)
