"""
The engine: renders values, keeps compiled templates, and puts every failure into words.

Reads only what it is given. A failure is always `ExpressionFailed`, and its text names variables
and the template, never a value; so a template that came out of a variable is not shown either.
"""

from collections.abc import Callable, Mapping
from datetime import datetime
from functools import lru_cache
from types import TracebackType
from typing import Any, Final

from runfold.errors import ExpressionFailed
from runfold.flows.expressions.code import FILENAME, CompiledTemplate, Compiler
from runfold.flows.expressions.failures import Missing, Refused
from runfold.flows.expressions.filters import FILTERS
from runfold.flows.expressions.functions import FUNCTIONS, RENDERING
from runfold.flows.expressions.limits import Limits, Meter
from runfold.flows.expressions.parser import Language, Parsed, parse
from runfold.flows.expressions.printing import printed
from runfold.flows.expressions.references import EVERYTHING, Reference
from runfold.flows.expressions.render import Render
from runfold.flows.expressions.runtime import table

#: Passes over a text that is rendered until nothing changes.
PASSES_MAX: Final = 100


def print_value(value: object) -> str:
    """
    Return the text of `value` as it prints inside a text (null: nothing).

    Raises:
        ExpressionFailed: It is no plain data.
    """
    try:
        return printed(value, lambda _chars: None)
    except Refused as refused:
        raise ExpressionFailed(refused.message) from None


class Expressions:
    """
    The expression language. One per process; threads may share it.

    `functions` are called as `function(variables, *args, **kwargs)`. `recursive`: what a template
    gives is rendered again until nothing changes (then there is no `render` function).
    """

    def __init__(
        self,
        functions: Mapping[str, Callable[..., object]] | None = None,
        *,
        clock: Callable[[], datetime],
        monotonic: Callable[[], float],
        limits: Limits = Limits(),  # noqa: B008 - frozen
        recursive: bool = False,
    ) -> None:
        own = {name: builtin for name, builtin in FUNCTIONS.items() if not recursive or name not in RENDERING}
        self.outside: Mapping[str, Callable[..., object]] = dict(functions or {})
        self.clock = clock
        self._monotonic = monotonic
        self._limits = limits
        self._recursive = recursive
        self._language = Language(FILTERS, own, frozenset(self.outside), limits.depth_max, limits.tokens_max)
        self._compiler = Compiler(table(FILTERS, own))
        # Both are safe for threads: one lock of C code each.
        self._compiled = lru_cache(limits.templates_cached_max)(self._compile)
        self._references = lru_cache(limits.templates_cached_max)(self._references_of)

    # Rendering -----------------------------------------------------------------------------------

    def render(self, template: object, variables: Mapping[str, object]) -> Any:
        """
        Return `template` with its expressions replaced: a text, or a map or list of any depth.

        Raises:
            ExpressionFailed: It cannot be rendered, or takes more than the limits allow.
        """
        if isinstance(template, str) and "{" not in template:
            return template
        return self._started(template, variables, typed=False)

    def evaluate(self, template: object, variables: Mapping[str, object]) -> Any:
        """Do as `render`, but a text that is one expression gives its value as it is."""
        return self._started(template, variables, typed=True)

    def again(self, render: Render, value: object, *, recursive: bool) -> object:
        """Render `value` inside `render`: what the functions render and renderOnce do."""
        render.meter.deeper()
        inner = Render(self, {**render.variables, **render.top}, render.meter)
        try:
            return self._value(value, inner, typed=False, recursive=recursive)
        except Missing as missing:
            raise Refused(f"Unable to find `{missing.name}` used in a rendered value") from None
        finally:
            render.meter.depth -= 1

    def _started(self, template: object, variables: Mapping[str, object], *, typed: bool) -> object:
        render = Render(self, variables, Meter(self._limits, self._monotonic))
        if isinstance(template, str):
            return self._text(template, render, typed=typed)
        try:
            return self._deep(template, render, typed=typed)
        except RecursionError:
            raise ExpressionFailed("The value to render nests too deep") from None

    def _deep(self, template: object, render: Render, *, typed: bool) -> object:
        """Render `template` in depth, failing with the text that fails."""
        if isinstance(template, str):
            return self._text(template, render, typed=typed)
        if isinstance(template, Mapping):
            return {
                self._deep(key, render, typed=False): self._deep(item, render, typed=typed)
                for key, item in template.items()
            }
        if isinstance(template, list | tuple | set | frozenset):
            return [self._deep(item, render, typed=typed) for item in template]
        return template

    def _text(self, text: str, render: Render, *, typed: bool) -> object:
        if "{" not in text:
            return text
        try:
            return self._value(text, render, typed=typed, recursive=self._recursive)
        except Missing as missing:
            line = _line_of(missing.__traceback__)
            message = f"Unable to find `{missing.name}` used in the expression `{text}` at line {line}"
            raise ExpressionFailed(message) from None
        except Refused as refused:
            line = refused.line or _line_of(refused.__traceback__)
            raise ExpressionFailed(f"{refused.message} ({text}:{line})") from None
        except RecursionError:
            raise ExpressionFailed(f"The expression nests too deep ({text}:1)") from None
        except ArithmeticError:
            raise ExpressionFailed(f"A number is out of its bounds ({text}:1)") from None

    def _value(self, value: object, render: Render, *, typed: bool, recursive: bool) -> object:
        """Render `value` in depth; failures stay unspoken."""
        render.meter.step()
        if isinstance(value, str):
            return self._passes(value, render, typed=typed) if recursive else self._once(value, render, typed=typed)
        if isinstance(value, Mapping):
            return {
                self._value(key, render, typed=False, recursive=recursive): self._value(
                    item, render, typed=typed, recursive=recursive
                )
                for key, item in value.items()
            }
        if isinstance(value, list | tuple | set | frozenset):
            return [self._value(item, render, typed=typed, recursive=recursive) for item in value]
        return value

    def _passes(self, text: str, render: Render, *, typed: bool) -> object:
        """Render `text` until nothing changes; raw pieces stay out of it till the end."""
        render.kept = []
        value: object = text
        for _ in range(PASSES_MAX):
            if not isinstance(value, str) or "{" not in value:
                break
            before, value = value, self._once(value, render, typed=typed)
            if value == before:
                break
        else:
            raise Refused("Too many rendering attempts")
        kept, render.kept = render.kept, None
        if isinstance(value, str):
            for at, piece in enumerate(kept):
                value = value.replace(f"\x00{at}\x00", piece)
                render.meter.chars(len(value))
        return value

    def _once(self, text: str, render: Render, *, typed: bool) -> object:
        if "{" not in text:
            return text
        since = render.meter.now()
        try:
            compiled = self._compiled(text, typed)
        except Refused:
            if not render.meter.depth:
                raise
            # The text is a value here: its words are not for messages.
            raise Refused("A rendered value is no valid template") from None
        if not render.meter.depth:
            render.meter.forgive(since)
        render.enter(compiled)
        made = render.joined(compiled.template.root_render_func(render))  # type: ignore[arg-type]
        return render.result if compiled.typed else made

    def _compile(self, text: str, typed: bool) -> CompiledTemplate:  # noqa: FBT001 - a key of the cache
        return self._compiler.compile(self._parsed(text), typed=typed)

    def _parsed(self, text: str) -> Parsed:
        if len(text) > self._limits.text_chars_max:
            raise Refused("The template is too long")
        return parse(text, self._language)

    # References ----------------------------------------------------------------------------------

    def references(self, template: object) -> frozenset[Reference]:
        """
        Return what the templates in `template` read.

        A text that is no template reads nothing: rendering it fails before it reads.
        """
        if isinstance(template, str):
            return self._references(template) if "{" in template else frozenset()
        if isinstance(template, Mapping):
            return self.references([*template.keys(), *template.values()])
        if isinstance(template, list | tuple | set | frozenset):
            return frozenset[Reference]().union(*map(self.references, template))
        return frozenset()

    def _references_of(self, text: str) -> frozenset[Reference]:
        try:
            parsed = self._parsed(text)
        except (Refused, RecursionError):
            return frozenset()
        found = parsed.references.union(*(self._references_of(inner) for inner in parsed.rendered))
        return found | {EVERYTHING} if found and self._recursive else found


def _line_of(traceback: TracebackType | None) -> int:
    """Return the template's line that the innermost compiled code stood at."""
    line = 1
    while traceback is not None:
        code = traceback.tb_frame.f_code
        if code.co_filename == FILENAME:
            debug_info = str(traceback.tb_frame.f_globals.get("debug_info", ""))
            line = _template_line(debug_info, traceback.tb_lineno)
        traceback = traceback.tb_next
    return line


def _template_line(debug_info: str, code_line: int) -> int:
    """Read Jinja2's `template line=code line` pairs."""
    line = 1
    for pair in filter(None, debug_info.split("&")):
        template_line, _, start = pair.partition("=")
        if int(start) > code_line:
            break
        line = int(template_line)
    return line
