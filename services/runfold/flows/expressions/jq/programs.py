"""jq's functions as pieces of a program: plain ones, and those that run programs they are given."""

from collections.abc import Callable, Iterator, Mapping
from typing import Final

from runfold.flows.expressions.failures import Refused
from runfold.flows.expressions.jq.functions import PLAIN, entries, from_entries, ranged, to_entries
from runfold.flows.expressions.jq.pieces import Program, Results
from runfold.flows.expressions.jq.values import Failed, Path, by_order, is_true, kind_of, order, without
from runfold.flows.expressions.limits import Meter


def call(name: str, arguments: list[Program]) -> Program:
    """Return the call of the function `name`."""
    key = f"{name}/{len(arguments)}"
    if key in _PROGRAMS:
        return _PROGRAMS[key](*arguments)
    if key in PLAIN:
        return _plain(PLAIN[key], arguments)
    raise Refused("A jq program calls a function that does not exist")


def _plain(function: Callable[..., object], arguments: list[Program]) -> Program:
    """Return the program that calls `function(meter, value, *arguments)` for all values of its arguments."""

    def run(env: Mapping[str, object], meter: Meter, _path: Path | None, value: object) -> Results:
        for given in _products(env, meter, value, arguments):
            meter.step()
            try:
                yield None, meter.sized(function(meter, value, *given))
            except (TypeError, ValueError, LookupError, AttributeError, OverflowError):
                raise Failed(f"{kind_of(value)} cannot be used here") from None

    return run


def _products(
    env: Mapping[str, object], meter: Meter, value: object, programs: list[Program]
) -> Iterator[tuple[object, ...]]:
    if not programs:
        yield ()
        return
    for _, one in programs[0](env, meter, None, value):
        for others in _products(env, meter, value, programs[1:]):
            yield (one, *others)


def _select(condition: Program) -> Program:
    def run(env: Mapping[str, object], meter: Meter, path: Path | None, value: object) -> Results:
        for _, found in condition(env, meter, None, value):
            if is_true(found):
                yield path, value

    return run


def _empty() -> Program:
    def run(_env: Mapping[str, object], _meter: Meter, _path: Path | None, _value: object) -> Results:
        return iter(())

    return run


def _recurse() -> Program:
    def run(_env: Mapping[str, object], meter: Meter, path: Path | None, value: object) -> Results:
        waiting: list[tuple[Path | None, object]] = [(path, value)]
        while waiting:
            meter.step()
            at, found = waiting.pop()
            yield at, found
            if isinstance(found, dict | list):
                below = [(None if at is None else (*at, key), item) for key, item in entries(found)]
                waiting += reversed(below)

    return run


def _of_list(combine: Callable[[Meter, list[tuple[object, object]]], object]) -> Callable[[Program], Program]:
    """Return a function of a program: `combine` gets each item of the input with what the program gives."""

    def call_with(program: Program) -> Program:
        def run(env: Mapping[str, object], meter: Meter, _path: Path | None, value: object) -> Results:
            keyed: list[tuple[object, object]] = []
            for _, item in entries(value):
                meter.step()
                keyed.append(([found for _, found in program(env, meter, None, item)], item))
            yield None, combine(meter, keyed)

        return run

    return call_with


def _results(keyed: list[tuple[object, object]]) -> list[object]:
    return [one for found, _ in keyed if isinstance(found, list) for one in found]


def _sorted(meter: Meter, keyed: list[tuple[object, object]]) -> list[tuple[object, object]]:
    key = by_order(meter)
    return sorted(keyed, key=lambda pair: key(pair[0]))


def _grouped(meter: Meter, keyed: list[tuple[object, object]]) -> list[list[object]]:
    groups: list[list[object]] = []
    last: object = None
    for key, item in _sorted(meter, keyed):
        if not groups or order(last, key, meter):
            groups.append([])
        groups[-1].append(item)
        last = key
    return groups


def _map_values(program: Program) -> Program:
    def run(env: Mapping[str, object], meter: Meter, _path: Path | None, value: object) -> Results:
        made = [(key, found[1]) for key, item in entries(value) for found in _first(program, env, meter, item)]
        yield None, dict(made) if isinstance(value, dict) else [item for _, item in made]

    return run


def _first(program: Program, env: Mapping[str, object], meter: Meter, value: object) -> Results:
    for result in program(env, meter, None, value):
        yield result
        return


def _first_of(program: Program) -> Program:
    def run(env: Mapping[str, object], meter: Meter, _path: Path | None, value: object) -> Results:
        return _first(program, env, meter, value)

    return run


def _limit(count: Program, program: Program) -> Program:
    def run(env: Mapping[str, object], meter: Meter, path: Path | None, value: object) -> Results:
        for _, most in count(env, meter, None, value):
            left = int(most) if isinstance(most, int | float) else 0
            for result in program(env, meter, path, value) if left > 0 else ():
                yield result
                left -= 1
                if left <= 0:
                    break

    return run


def _delete(target: Program) -> Program:
    def run(env: Mapping[str, object], meter: Meter, _path: Path | None, value: object) -> Results:
        paths = [path for path, _ in target(env, meter, (), value) if path is not None]
        for path in reversed(paths):
            value = without(value, path, meter)
        yield None, value

    return run


def _with_entries(program: Program) -> Program:
    def run(env: Mapping[str, object], meter: Meter, _path: Path | None, value: object) -> Results:
        changed = [found for entry in to_entries(meter, value) for _, found in program(env, meter, None, entry)]
        yield None, from_entries(meter, changed)

    return run


def _paths() -> Program:
    inner = _recurse()

    def run(env: Mapping[str, object], meter: Meter, _path: Path | None, value: object) -> Results:
        for path, _ in inner(env, meter, (), value):
            if path:
                yield None, list(path)

    return run


def _ranged(*ends: Program) -> Program:
    inner = _plain(ranged, list(ends))

    def run(env: Mapping[str, object], meter: Meter, _path: Path | None, value: object) -> Results:
        for _, numbers in inner(env, meter, None, value):
            for number in numbers if isinstance(numbers, list) else ():
                yield None, number

    return run


def _of_kind(*kinds: str) -> Callable[[], Program]:
    def make() -> Program:
        def run(_env: Mapping[str, object], _meter: Meter, path: Path | None, value: object) -> Results:
            if kind_of(value) in kinds:
                yield path, value

        return run

    return make


_SCALARS: Final = ("null", "boolean", "number", "string")
_PROGRAMS: Final[Mapping[str, Callable[..., Program]]] = {
    "select/1": _select,
    "empty/0": _empty,
    "recurse/0": _recurse,
    "map/1": _of_list(lambda _meter, keyed: _results(keyed)),
    "map_values/1": _map_values,
    "sort_by/1": _of_list(lambda meter, keyed: [item for _, item in _sorted(meter, keyed)]),
    "group_by/1": _of_list(_grouped),
    "unique_by/1": _of_list(lambda meter, keyed: [group[0] for group in _grouped(meter, keyed)]),
    "min_by/1": _of_list(lambda meter, keyed: _sorted(meter, keyed)[0][1] if keyed else None),
    "max_by/1": _of_list(lambda meter, keyed: _sorted(meter, keyed)[-1][1] if keyed else None),
    "any/1": _of_list(lambda _meter, keyed: any(map(is_true, _results(keyed)))),
    "all/1": _of_list(lambda _meter, keyed: all(map(is_true, _results(keyed)))),
    "first/0": lambda: _plain(lambda _meter, value: value[0] if value else None, []),
    "last/0": lambda: _plain(lambda _meter, value: value[-1] if value else None, []),
    "first/1": _first_of,
    "limit/2": _limit,
    "del/1": _delete,
    "with_entries/1": _with_entries,
    "paths/0": _paths,
    "range/1": _ranged,
    "range/2": _ranged,
    "range/3": _ranged,
    "strings/0": _of_kind("string"),
    "numbers/0": _of_kind("number"),
    "booleans/0": _of_kind("boolean"),
    "nulls/0": _of_kind("null"),
    "arrays/0": _of_kind("array"),
    "objects/0": _of_kind("object"),
    "iterables/0": _of_kind("array", "object"),
    "scalars/0": _of_kind(*_SCALARS),
    "values/0": _of_kind("boolean", "number", "string", "array", "object"),
}
