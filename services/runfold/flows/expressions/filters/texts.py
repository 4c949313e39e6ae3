"""Filters of texts."""

import hashlib
import re
import unicodedata
from base64 import b64decode, b64encode
from collections.abc import Callable, Mapping
from typing import Final
from urllib.parse import quote_plus, unquote_plus

from runfold.flows.expressions import patterns
from runfold.flows.expressions.failures import Refused
from runfold.flows.expressions.printing import print_value
from runfold.flows.expressions.registry import Builtin
from runfold.flows.expressions.render import Render
from runfold.flows.expressions.runtime import to_text

#: Deepest nesting of maps and lists that a filter goes into.
NESTING_MAX: Final = 64
_LINE = re.compile(r"\r\n|\n|\r")
_NOT_SLUG = re.compile(r"[^A-Za-z0-9_-]")
_ESCAPES: Final = {"single": ("'", "\\'"), "double": ('"', '\\"'), "shell": ("'", "'\\''")}


def text_of(value: object) -> str:
    """Return `value`, which must be a text."""
    if not isinstance(value, str):
        raise Refused("The input of the filter must be a text")
    return value


def count_of(value: object, what: str) -> int:
    """Return the argument `what`, which must be a whole number."""
    if isinstance(value, bool) or not isinstance(value, int):
        raise Refused(f"The argument '{what}' must be a whole number")
    return value


def abbreviate(value: object, length: object) -> str:
    text, size = text_of(value), count_of(length, "length")
    if len(text) < size:
        return text
    return text[: max(size, 0)] if size <= len("...") else f"{text[: size - 3]}..."


def capitalize(value: object) -> str:
    text = text_of(value)
    start = len(text) - len(text.lstrip())
    return text[:start] + text[start : start + 1].upper() + text[start + 1 :]


def title(value: object) -> str:
    return re.sub(r"(^|\s)(\S)", lambda found: found.group(1) + found.group(2).upper(), text_of(value))


def urlencode(value: object) -> str:
    return quote_plus(text_of(value), safe="*").replace("~", "%7E")


def base64decode(value: object) -> str:
    return b64decode(text_of(value), validate=True).decode()


def digest(algorithm: str) -> Callable[[object], str]:
    """Return the filter that gives the hex digest of a text."""
    return lambda value: hashlib.new(algorithm, text_of(value).encode(), usedforsecurity=False).hexdigest()


def replace(render: Render, value: object, pairs: object, regexp: object = None, depth: int = 0) -> object:
    """Replace in a text, or in each value of a map or item of a list."""
    if not isinstance(pairs, Mapping) or depth > NESTING_MAX:
        raise Refused("The filter 'replace' needs a map of texts and their replacements")
    render.meter.step()
    if isinstance(value, Mapping):
        return {key: replace(render, item, pairs, regexp, depth + 1) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [replace(render, item, pairs, regexp, depth + 1) for item in value]
    if depth and not isinstance(value, str):
        return value
    text = text_of(value)
    for old, new in pairs.items():
        render.meter.call()
        old_text, new_text = text_of(old), to_text(render, new)
        render.meter.chars(len(text) + (0 if regexp else text.count(old_text) * (len(new_text) - len(old_text))))
        if regexp:
            text = patterns.replace(text, old_text, new_text, render.meter.chars)
        else:
            text = text.replace(old_text, new_text)
    return text


def escape_char(render: Render, value: object, kind: object, depth: int = 0) -> object:
    """Escape quotes in all texts of `value`; every leaf becomes a text."""
    if not isinstance(kind, str) or kind not in _ESCAPES or depth > NESTING_MAX:
        raise Refused("The argument 'type' must be 'single', 'double' or 'shell'")
    render.meter.step()
    if isinstance(value, Mapping):
        return {key: escape_char(render, item, kind, depth + 1) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [escape_char(render, item, kind, depth + 1) for item in value]
    return to_text(render, value).replace(*_ESCAPES[kind])


def slugify(value: object) -> str:
    """Return a text as it stands in storage paths."""
    text = unicodedata.normalize("NFD", re.sub(r"\s", "-", text_of(value)))
    text = _NOT_SLUG.sub("", text).replace("_", "-")
    return re.sub(r"-{2,}", "-", text).strip("-").lower()


def substring(*, before: bool, last: bool) -> Callable[[object, object], str]:
    """Return the filter that cuts a text at the first or last separator."""

    def cut(value: object, separator: object) -> str:
        text, mark = text_of(value), text_of(separator)
        at = text.rfind(mark) if last else text.find(mark)
        if at < 0:
            return text if before else ""
        return text[:at] if before else text[at + len(mark) :]

    return cut


def indent(render: Render, value: object, amount: object, prefix: object = None) -> str:
    """Indent all lines but the first."""
    return _indented(render, to_text(render, value), amount, prefix)


def nindent(render: Render, value: object, amount: object, prefix: object = None) -> str:
    """Start a new line and indent all lines; nothing stays nothing."""
    text = to_text(render, value)
    if not text:
        return ""
    found = _LINE.search(text)
    return _indented(render, (found.group() if found else "\n") + text, amount, prefix)


def _indented(render: Render, text: str, amount: object, prefix: object) -> str:
    unit = " " if prefix is None else text_of(prefix)
    times = max(count_of(amount, "amount"), 0)
    margin_chars = len(unit) * times
    lines = len(_LINE.findall(text))
    render.meter.chars(margin_chars)
    render.meter.chars(len(text) + lines * margin_chars)
    # A line break at the very end starts a line too.
    return _LINE.sub("\\g<0>" + (unit * times).replace("\\", "\\\\"), text)


def split(render: Render, value: object, delimiter: object, limit: object = None) -> list[str]:
    most = 0 if limit is None else count_of(limit, "limit")
    return patterns.split(text_of(value), text_of(delimiter), most, step=render.meter.step)


FILTERS: Final[Mapping[str, Builtin]] = {
    "abbreviate": Builtin(abbreviate, ("length",), 1),
    "capitalize": Builtin(capitalize),
    "lower": Builtin(lambda value: text_of(value).lower()),
    "upper": Builtin(lambda value: text_of(value).upper()),
    "title": Builtin(title),
    "trim": Builtin(lambda value: text_of(value).strip()),
    "urlencode": Builtin(urlencode),
    "urldecode": Builtin(lambda value: unquote_plus(text_of(value))),
    "base64encode": Builtin(lambda value: b64encode(text_of(value).encode()).decode()),
    "base64decode": Builtin(base64decode),
    "sha1": Builtin(digest("sha1")),
    "sha256": Builtin(digest("sha256")),
    "sha512": Builtin(digest("sha512")),
    "md5": Builtin(digest("md5")),
    "replace": Builtin(replace, ("replace_pairs", "regexp"), 1, takes_render=True),
    "split": Builtin(split, ("delimiter", "limit"), 1, takes_render=True),
    "escapeChar": Builtin(escape_char, ("type",), 1, takes_render=True),
    "slugify": Builtin(slugify),
    "substringBefore": Builtin(substring(before=True, last=False), ("separator",), 1),
    "substringBeforeLast": Builtin(substring(before=True, last=True), ("separator",), 1),
    "substringAfter": Builtin(substring(before=False, last=False), ("separator",), 1),
    "substringAfterLast": Builtin(substring(before=False, last=True), ("separator",), 1),
    "indent": Builtin(indent, ("amount", "prefix"), 1, takes_render=True),
    "nindent": Builtin(nindent, ("amount", "prefix"), 1, takes_render=True),
    "startsWith": Builtin(lambda value, start: text_of(value).startswith(print_value(start)), ("value",), 1),
    "endsWith": Builtin(lambda value, end: text_of(value).endswith(print_value(end)), ("value",), 1),
}
