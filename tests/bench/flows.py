"""The flows that are measured: tasks that do nothing, so that the engine is all there is."""

from typing import Final

NAMESPACE: Final = "bench"
RETURN: Final = "io.kestra.plugin.core.debug.Return"


def sequence(length: int) -> str:
    """Return a flow of `length` no-op tasks, one after the other."""
    tasks = "".join(f"  - {{id: t{number}, type: {RETURN}}}\n" for number in range(length))
    return f"id: sequence{length}\nnamespace: {NAMESPACE}\ntasks:\n{tasks}"


def fan_out(width: int) -> str:
    """Return a flow that runs one Return for each of `width` values, all at once."""
    return (
        f"id: fan-out{width}\nnamespace: {NAMESPACE}\ntasks:\n"
        "  - id: each\n    type: io.kestra.plugin.core.flow.ForEach\n"
        f'    values: "{{{{ range(1, {width}) }}}}"\n    concurrencyLimit: 0\n'
        f'    tasks:\n      - {{id: t, type: {RETURN}, format: "{{{{ taskrun.value }}}}"}}\n'
    )
