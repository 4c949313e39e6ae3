"""
What was given for a flow's inputs, as typed values; and a flow's outputs likewise. Pure.

An input waits for those it depends on, whatever the order of declaration. One that is
not asked (its condition does not hold, or one it depends on is not asked) is left out,
whatever was given for it.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from runfold.errors import ExpressionFailed, InputError, InputsInvalid
from runfold.flows.input import ArrayInput, Input, InputType, MultiSelectInput, SelectInput
from runfold.flows.input_bounds import complaints
from runfold.flows.input_values import Unfit, convert, shown_value
from runfold.flows.model import Output
from runfold.flows.task import Evaluate
from runfold.flows.values import text_of

Render = Callable[[str, Mapping[str, Any]], Any]
"""Typed rendering of a template with further root variables; raises ExpressionFailed."""

Encrypt = Callable[[str], Any]
"""Clear text to what is kept of it."""

ENCRYPTED_TYPE: Final = "io.kestra.datatype:aes_encrypted"

_DEPTH_MAX: Final = 100
"""Of inputs that depend on each other, one behind the other."""


@dataclass(frozen=True, slots=True)
class Resolved:
    """One input with its value; `input` has the choices that its expression gave."""

    input: Input
    value: Any = None
    enabled: bool = True
    error: str | None = None


def resolve_each(
    declared: Sequence[Input], given: Mapping[str, Any], render: Render, encrypt: Encrypt | None = None
) -> list[Resolved]:
    """Return every input, wrong ones and those not asked too, in the order of declaration."""
    resolution = _Resolution({item.id: item for item in declared}, given, render, encrypt)
    return [resolution.resolve(item, 0) for item in declared]


def resolve_inputs(
    declared: Sequence[Input], given: Mapping[str, Any], render: Render, encrypt: Encrypt | None = None
) -> dict[str, Any]:
    """
    Return the values of all inputs that are asked; ids with dots are maps in maps.

    `encrypt` None: no key is configured, and SECRET inputs are refused.

    Raises:
        InputsInvalid: One error for each wrong input.
    """
    resolved = resolve_each(declared, given, render, encrypt)
    errors = tuple(InputError(each.input.id, each.error) for each in resolved if each.error is not None)
    if errors:
        raise InputsInvalid(errors)
    return nested((each.input.id, each.value) for each in resolved if each.enabled)


def nested(values: Iterable[tuple[str, Any]]) -> dict[str, Any]:
    """Return a map in which `a.b` is the key `b` of the map `a`."""
    result: dict[str, Any] = {}
    for name, value in values:
        *path, last = name.split(".")
        inner = result
        for step in path:
            below = inner.get(step)
            if not isinstance(below, dict):
                below = inner[step] = {}
            inner = below
        inner[last] = value
    return result


class _Resolution:
    """All inputs of one call; each is resolved once."""

    def __init__(
        self, declared: Mapping[str, Input], given: Mapping[str, Any], render: Render, encrypt: Encrypt | None
    ) -> None:
        self._declared = declared
        self._given = given
        self._render = render
        self._encrypt = encrypt
        self._done: dict[str, Resolved] = {}

    def resolve(self, declared: Input, depth: int) -> Resolved:
        known = self._done.get(declared.id)
        if known is None:
            known = self._done[declared.id] = self._resolved(declared, depth)
        return known

    def _resolved(self, declared: Input, depth: int) -> Resolved:
        if depth > _DEPTH_MAX:
            return Resolved(declared, enabled=False, error=f"Input `{declared.id}` depends on too many others")
        names = declared.depends_on.inputs if declared.depends_on else ()
        needed = [self.resolve(self._declared[name], depth + 1) for name in names if name in self._declared]
        variables = {"inputs": nested((each.input.id, each.value) for each in needed if each.enabled)}
        try:
            if not (all(each.enabled for each in needed) and self._asked(declared, variables)):
                return Resolved(declared, enabled=False)
            declared = self._with_choices(declared, variables)
        except ExpressionFailed as error:
            return Resolved(declared, enabled=False, error=_invalid(declared, str(error), self._given.get(declared.id)))
        return self._valued(declared)

    def _asked(self, declared: Input, variables: Mapping[str, Any]) -> bool:
        condition = declared.depends_on.condition if declared.depends_on else None
        return condition is None or self._render(condition, variables) is True

    def _with_choices(self, declared: Input, variables: Mapping[str, Any]) -> Input:
        if not isinstance(declared, SelectInput | MultiSelectInput) or declared.expression is None:
            return declared
        offered = self._render(declared.expression, variables)
        if not isinstance(offered, list | tuple):
            raise ExpressionFailed("Invalid expression result, expected a list of values")
        return declared.model_copy(update={"values": tuple(text_of(item) for item in offered)})

    def _valued(self, declared: Input) -> Resolved:
        given = self._given.get(declared.id)
        value = declared.defaults if given is None else given
        if value is None:
            missing = _invalid(declared, "missing required input", None) if declared.required else None
            return Resolved(declared, error=missing)
        try:
            return Resolved(declared, self._typed(declared, value))
        except Unfit as error:
            return Resolved(declared, error=_invalid(declared, str(error), value))

    def _typed(self, declared: Input, value: Any) -> Any:
        typed = convert(declared.type, value, _item_type(declared))
        for complaint in complaints(declared, typed):
            raise Unfit(complaint)
        return _sealed(typed, self._encrypt) if declared.type is InputType.SECRET else typed


def _item_type(declared: Input) -> InputType | None:
    return declared.item_type if isinstance(declared, ArrayInput | MultiSelectInput) else None


def _sealed(text: str, encrypt: Encrypt | None) -> Any:
    if encrypt is None:
        raise Unfit("Unable to use a `SECRET` input/output as encryption is not configured")
    return encrypt(text)


def _invalid(declared: Input, reason: str, value: Any) -> str:
    return f"Invalid input for `{declared.id}`, {reason}, but received `{shown_value(declared.type, value)}`"


def resolve_outputs(declared: Sequence[Output], evaluate: Evaluate, encrypt: Encrypt | None = None) -> dict[str, Any]:
    """
    Return the outputs of a flow, rendered and typed like inputs.

    Raises:
        ExpressionFailed: One cannot be rendered.
        InputsInvalid: One error for each that has not its type.
    """
    values: list[tuple[str, Any]] = []
    errors: list[InputError] = []
    for output in declared:
        value = evaluate(output.value)
        try:
            values.append((output.id, _output(output, value, encrypt)))
        except Unfit as error:
            shown = shown_value(output.type, value)
            errors.append(InputError(output.id, f"Invalid output for `{output.id}`, {error}, but received `{shown}`"))
    if errors:
        raise InputsInvalid(tuple(errors))
    return nested(values)


def _output(declared: Output, value: Any, encrypt: Encrypt | None) -> Any:
    if value is None:
        return None
    typed = convert(declared.type, value, declared.item_type)
    if declared.type is not InputType.SECRET:
        return typed
    return {"type": ENCRYPTED_TYPE, "value": _sealed(typed, encrypt)}
