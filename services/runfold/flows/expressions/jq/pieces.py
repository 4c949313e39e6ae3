"""
What the pieces of a jq program do.

Each maker returns a function from (variables, meter, path, value) to its results, each with the path
it was reached by; None: it is no part of the input. Updates need no more than that.
"""

from collections.abc import Callable, Iterator, Mapping
from functools import partial

from runfold.flows.expressions.failures import Refused
from runfold.flows.expressions.jq.functions import entries, sliced
from runfold.flows.expressions.jq.values import Failed, Path, arithmetic, is_true, read, updated, written
from runfold.flows.expressions.limits import Meter

Results = Iterator[tuple[Path | None, object]]
Program = Callable[[Mapping[str, object], Meter, Path | None, object], Results]


def identity(_env: Mapping[str, object], meter: Meter, path: Path | None, value: object) -> Results:
    meter.step()
    yield path, value


def constant(constant: object) -> Program:
    def run(_env: Mapping[str, object], meter: Meter, _path: Path | None, _value: object) -> Results:
        meter.step()
        yield None, constant

    return run


def variable(name: str) -> Program:
    def run(env: Mapping[str, object], meter: Meter, _path: Path | None, _value: object) -> Results:
        meter.step()
        if name not in env:
            raise Refused("A jq program uses a variable that is not set")
        yield None, env[name]

    return run


def piped(parts: list[Program]) -> Program:
    def run(env: Mapping[str, object], meter: Meter, path: Path | None, value: object) -> Results:
        return step(0, env, meter, path, value)

    def step(at: int, env: Mapping[str, object], meter: Meter, path: Path | None, value: object) -> Results:
        if at == len(parts) - 1:
            yield from parts[at](env, meter, path, value)
            return
        for found_path, found in parts[at](env, meter, path, value):
            meter.step()
            yield from step(at + 1, env, meter, found_path, found)

    return run


def all_of(parts: list[Program]) -> Program:
    def run(env: Mapping[str, object], meter: Meter, path: Path | None, value: object) -> Results:
        for part in parts:
            yield from part(env, meter, path, value)

    return run


def bind(source: Program, name: str, body: Program) -> Program:
    def run(env: Mapping[str, object], meter: Meter, path: Path | None, value: object) -> Results:
        for _, found in source(env, meter, None, value):
            yield from body({**env, name: found}, meter, path, value)

    return run


def alternative(left: Program, right: Program) -> Program:
    def run(env: Mapping[str, object], meter: Meter, path: Path | None, value: object) -> Results:
        found = False
        results = left(env, meter, path, value)
        while True:
            try:
                result = next(results, None)
            except Failed:
                result = None
            if result is None:
                break
            if is_true(result[1]):
                found = True
                yield result
        if not found:
            yield from right(env, meter, path, value)

    return run


def logical(left: Program, right: Program, word: str) -> Program:
    def run(env: Mapping[str, object], meter: Meter, _path: Path | None, value: object) -> Results:
        for _, one in left(env, meter, None, value):
            meter.step()
            if is_true(one) == (word == "or"):
                yield None, is_true(one)
                continue
            for _, other in right(env, meter, None, value):
                yield None, is_true(other)

    return run


def binary(
    operator: str, left: Program, right: Program, apply: Callable[[str, object, object, Meter], object]
) -> Program:
    def run(env: Mapping[str, object], meter: Meter, _path: Path | None, value: object) -> Results:
        for _, other in right(env, meter, None, value):
            for _, one in left(env, meter, None, value):
                meter.step()
                yield None, meter.sized(apply(operator, one, other, meter))

    return run


def key(term: Program, key: Program) -> Program:
    def run(env: Mapping[str, object], meter: Meter, path: Path | None, value: object) -> Results:
        for found_path, found in term(env, meter, path, value):
            for _, name in key(env, meter, None, value):
                meter.step()
                yield (None if found_path is None else (*found_path, name)), read(found, name)

    return run


def cut(term: Program, start: Program | None, end: Program | None) -> Program:
    first, last = start or constant(None), end or constant(None)

    def run(env: Mapping[str, object], meter: Meter, path: Path | None, value: object) -> Results:
        for _, found in term(env, meter, path, value):
            for _, stop in last(env, meter, None, value):
                for _, begin in first(env, meter, None, value):
                    meter.step()
                    yield None, sliced(found, begin, stop)

    return run


def each(term: Program) -> Program:
    def run(env: Mapping[str, object], meter: Meter, path: Path | None, value: object) -> Results:
        for found_path, found in term(env, meter, path, value):
            for key, item in entries(found):
                meter.step()
                yield (None if found_path is None else (*found_path, key)), item

    return run


def tried(body: Program, caught: Program | None) -> Program:
    def run(env: Mapping[str, object], meter: Meter, path: Path | None, value: object) -> Results:
        try:
            yield from body(env, meter, path, value)
        except Failed as failed:
            if caught is not None:
                yield from caught(env, meter, None, failed.value)

    return run


def collected(inner: Program | None) -> Program:
    def run(env: Mapping[str, object], meter: Meter, _path: Path | None, value: object) -> Results:
        items: list[object] = []
        for _, item in inner(env, meter, None, value) if inner is not None else ():
            items.append(item)
            meter.items(len(items))
        yield None, items

    return run


def chosen(condition: Program, chosen: Program, other: Program) -> Program:
    def run(env: Mapping[str, object], meter: Meter, path: Path | None, value: object) -> Results:
        for _, found in condition(env, meter, None, value):
            yield from (chosen if is_true(found) else other)(env, meter, path, value)

    return run


def reduced(source: Program, name: str, start: Program, step: Program) -> Program:
    def run(env: Mapping[str, object], meter: Meter, _path: Path | None, value: object) -> Results:
        for _, state in start(env, meter, None, value):
            for _, item in source(env, meter, None, value):
                results = [found for _, found in step({**env, name: item}, meter, None, state)]
                state = results[-1] if results else None  # noqa: PLW2901 - what reduce is
            yield None, state

    return run


def joined(parts: list[Program]) -> Program:
    def run(env: Mapping[str, object], meter: Meter, _path: Path | None, value: object) -> Results:
        return step(0, "", env, meter, value)

    def step(at: int, text: str, env: Mapping[str, object], meter: Meter, value: object) -> Results:
        if at == len(parts):
            yield None, text
            return
        for _, piece in parts[at](env, meter, None, value):
            meter.step()
            longer = text + written(piece, meter)
            meter.chars(len(longer))
            yield from step(at + 1, longer, env, meter, value)

    return run


def made_object(entries: list[tuple[Program, Program]]) -> Program:
    def run(env: Mapping[str, object], meter: Meter, _path: Path | None, value: object) -> Results:
        return step(0, {}, env, meter, value)

    def step(at: int, made: dict[str, object], env: Mapping[str, object], meter: Meter, value: object) -> Results:
        if at == len(entries):
            yield None, made
            return
        key, item = entries[at]
        for _, name in key(env, meter, None, value):
            if not isinstance(name, str):
                raise Failed("Object keys must be strings")
            for _, found in item(env, meter, None, value):
                meter.step()
                yield from step(at + 1, {**made, name: found}, env, meter, value)

    return run


def update(target: Program, operator: str, source: Program) -> Program:
    def run(env: Mapping[str, object], meter: Meter, _path: Path | None, value: object) -> Results:
        paths = [path for path, _ in target(env, meter, (), value)]
        if operator == "|=":

            def from_old(old: object) -> object:
                return next(source(env, meter, None, old), (None, None))[1]

            yield None, changed(paths, from_old, meter, value)
            return
        for _, new in source(env, meter, None, value):
            yield None, changed(paths, partial(assigned, operator, new, meter), meter, value)

    return run


def assigned(operator: str, new: object, meter: Meter, old: object) -> object:
    if operator == "=":
        return new
    if operator == "//=":
        return old if is_true(old) else new
    return meter.sized(arithmetic(operator[0], old, new, meter))


def changed(paths: list[Path | None], change: Callable[[object], object], meter: Meter, value: object) -> object:
    for path in paths:
        if path is None:
            raise Failed("Invalid path expression")
        value = updated(value, path, change, meter)
    return value
