"""The few Java methods that templates may call on texts, lists and maps."""

from collections.abc import Callable, Mapping
from typing import Final

from runfold.flows.expressions.failures import Refused
from runfold.flows.expressions.operators import contains, equal, free
from runfold.flows.expressions.patterns import split


def _integer(value: object) -> int:
    if isinstance(value, bool) or not isinstance(value, int):
        raise Refused("A method got no whole number where it needs one")
    return value


def _text(value: object) -> str:
    if not isinstance(value, str):
        raise Refused("A method got no text where it needs one")
    return value


def _substring(text: str, start: object, end: object = None) -> str:
    first = _integer(start)
    last = len(text) if end is None else _integer(end)
    if not 0 <= first <= last <= len(text):
        raise Refused("substring: an index is outside of the text")
    return text[first:last]


def _replace(text: str, old: object, new: object) -> str:
    return text.replace(_text(old), _text(new))


def _item(items: list[object] | tuple[object, ...], at: object) -> object:
    if not 0 <= _integer(at) < len(items):
        raise Refused("get: an index is outside of the list")
    return items[_integer(at)]


def _index(items: list[object] | tuple[object, ...], wanted: object, step: Callable[[int], None]) -> int:
    return next((at for at, item in enumerate(items) if equal(item, wanted, step)), -1)


Method = Callable[..., object]

_OF_TEXT: Final[Mapping[str, Method]] = {
    "length": len,
    "toUpperCase": str.upper,
    "toLowerCase": str.lower,
    "trim": str.strip,
    "isEmpty": lambda text: not text,
    "substring": _substring,
    "split": lambda text, regex, step: split(text, _text(regex), step=step),
    "contains": lambda text, part, step: _text(part) in text,  # noqa: ARG005 - as the list's
    "startsWith": lambda text, start: text.startswith(_text(start)),
    "endsWith": lambda text, end: text.endswith(_text(end)),
    "replace": _replace,
    "indexOf": lambda text, part, step: text.find(_text(part)),  # noqa: ARG005 - as the list's
}
_OF_LIST: Final[Mapping[str, Method]] = {
    "size": len,
    "isEmpty": lambda items: not items,
    "get": _item,
    "contains": contains,
    "indexOf": _index,
}
_OF_MAP: Final[Mapping[str, Method]] = {
    "size": len,
    "isEmpty": lambda value: not value,
    "get": lambda value, key: value.get(key),
    "containsKey": lambda value, key: key in value,
    "keySet": list,
    "values": lambda value: list(value.values()),
    "entrySet": lambda value: [{"key": key, "value": item} for key, item in value.items()],
}
#: Methods that count their work.
_STEPPING: Final = frozenset({"split", "contains", "indexOf"})
#: Methods of texts and lists that also read as attributes, without brackets.
PROPERTIES: Final = frozenset({"length", "size", "isEmpty"})


def call_method(value: object, name: str, arguments: tuple[object, ...], step: Callable[[int], None] = free) -> object:
    """Return what the method `name` of `value` gives; long work counts on `step`."""
    if isinstance(value, str):
        known = _OF_TEXT
    elif isinstance(value, list | tuple):
        known = _OF_LIST
    else:
        known = _OF_MAP if isinstance(value, Mapping) else {}
    if name not in known:
        raise Refused(f"The method '{name}' does not exist on this value")
    try:
        if name in _STEPPING:
            return known[name](value, *arguments, step=step)
        return known[name](value, *arguments)
    except TypeError:
        raise Refused(f"The method '{name}' cannot take these arguments") from None
