"""Numbers and texts: reading them by Java's types, printing them by Java's DecimalFormat patterns."""

import re
from decimal import ROUND_HALF_EVEN, Decimal, InvalidOperation, localcontext
from typing import Final

from runfold.flows.expressions.failures import Refused
from runfold.flows.expressions.operators import DIGITS_MAX
from runfold.flows.expressions.values import Float32

_DECIMAL = re.compile(r"[-+]?(?:[0-9]+\.?[0-9]*|\.[0-9]+)(?:[eE][-+]?[0-9]{1,3})?")
_INTEGER = re.compile(r"([-+]?)(0[xX]|#)?([0-9a-fA-F]+)")
_INT_MAX: Final = (1 << 31) - 1
_LONG_MAX: Final = (1 << 63) - 1
_PATTERN = re.compile(
    r"((?:[^#0,.']|'[^']*')*)([#,]*[0,]*)(?:\.(0*)(#*))?((?:[^#0,.';]|'[^']*')*)(?:;(.*))?", re.DOTALL
)
_AFFIXES = re.compile(r"((?:[^#0,.']|'[^']*')*)[#0,.]+((?:[^#0,.']|'[^']*')*)", re.DOTALL)


def parse_number(text: object, kind: object = None) -> object:
    """Return the number that `text` is; `kind` is a Java type, else the smallest that holds it."""
    if not isinstance(text, str):
        raise Refused("The input of the filter must be a text")
    if len(text) > DIGITS_MAX:
        raise Refused("A number has too many digits")
    match kind:
        case "INT" | "LONG" | "BIGINTEGER":
            bound = {"INT": _INT_MAX, "LONG": _LONG_MAX}.get(kind)
            number = _integer(text)
            if bound is not None and not -bound - 1 <= number <= bound:
                raise Refused(f"The text is no number of type {kind}")
            return number
        case "FLOAT":
            return Float32(_float(text))
        case "DOUBLE":
            return _float(text)
        case "BIGDECIMAL":
            return _decimal(text)
        case None:
            return _guessed(text)
    raise Refused("The argument 'type' is no type of numbers")


def _guessed(text: str) -> object:
    suffix = text[-1:].upper()
    hexadecimal = text.lower().lstrip("+-").startswith(("0x", "#"))
    if suffix == "L" and not hexadecimal:
        return _integer(text[:-1])
    if suffix in ("F", "D") and not hexadecimal:
        return Float32(_float(text[:-1])) if suffix == "F" else _float(text[:-1])
    if hexadecimal or text.lstrip("+-").isdigit():
        return _integer(text)
    number = _float(text)
    single = Float32(number)
    # A float, if it keeps all the digits that were written.
    return single if Decimal(f"{single:.7g}") == _decimal(text) else number


def _integer(text: str) -> int:
    found = _INTEGER.fullmatch(text)
    if found is None or (found.group(2) is None and not found.group(3).isdigit()):
        raise Refused("The text is no whole number")
    return int(found.group(1) + found.group(3), 16 if found.group(2) else 10)


def _float(text: str) -> float:
    return float(_decimal(text))


def _decimal(text: str) -> Decimal:
    if _DECIMAL.fullmatch(text) is None:
        raise Refused("The text is no number")
    try:
        return Decimal(text)
    except InvalidOperation:
        raise Refused("The text is no number") from None


def format_number(value: object, pattern: object) -> str:
    """Return a number by a DecimalFormat pattern such as `#,##0.00`, rounded half to even."""
    if not isinstance(value, int | float | Decimal) or isinstance(value, bool):
        raise Refused("The input of the filter must be a number")
    found = _PATTERN.fullmatch(pattern) if isinstance(pattern, str) and len(pattern) <= DIGITS_MAX else None
    if found is None:
        raise Refused("The format is no pattern of numbers")
    before, whole, zeros, hashes, after, negative = (group or "" for group in found.groups())
    number = value if isinstance(value, Decimal) else Decimal(repr(float(value)) if isinstance(value, float) else value)
    if not number.is_finite():
        return "NaN" if number.is_nan() else f"{'-' if number < 0 else ''}∞"
    number = number.scaleb(2 if "%" in before + after else 0)
    digits = _rounded(number, least=len(zeros), most=len(zeros) + len(hashes))
    sign = "-" if digits.startswith("-") else ""
    integer, _, fraction = digits.removeprefix("-").partition(".")
    # A pattern of no zero at all, but with a point, asks for one digit before it.
    asked = whole.count("0") or int(bool(whole) and bool(hashes) and not zeros)
    integer = integer.lstrip("0").rjust(asked, "0")
    if "," in whole:
        integer = _grouped(integer, len(whole) - whole.rindex(",") - 1)
    body = f"{integer}.{fraction}" if fraction else integer or "0"
    if sign and (own := _AFFIXES.fullmatch(negative)):
        return f"{_literal(own[1])}{body}{_literal(own[2])}"
    return f"{sign}{_literal(before)}{body}{_literal(after)}"


def _rounded(number: Decimal, *, least: int, most: int) -> str:
    with localcontext(prec=DIGITS_MAX * 2 + 400):
        text = format(number.quantize(Decimal(1).scaleb(-most), ROUND_HALF_EVEN), "f")
    integer, _, fraction = text.partition(".")
    fraction = fraction[:least] + fraction[least:].rstrip("0")
    text = f"{integer}.{fraction}" if fraction else integer
    return text if text.strip("-0.") else text.removeprefix("-")


def _grouped(integer: str, size: int) -> str:
    if size < 1:
        return integer
    start = len(integer) % size
    groups = [integer[:start]] if start else []
    return ",".join(groups + [integer[at : at + size] for at in range(start, len(integer), size)])


def _literal(text: str) -> str:
    return text.replace("''", "\x00").replace("'", "").replace("\x00", "'")
