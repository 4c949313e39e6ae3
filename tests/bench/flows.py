"""The flows that are measured: tasks that do nothing, so that the engine is all there is."""

from typing import Final

NAMESPACE: Final = "bench"
RETURN: Final = "io.kestra.plugin.core.debug.Return"
FLOW: Final = "io.kestra.plugin.core.flow"


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


def loop_of_three(width: int) -> str:
    """Return a flow that runs three tasks, one after the other, for each of `width` values, all values at once."""
    tasks = "".join(f"      - {{id: t{number}, type: {RETURN}}}\n" for number in range(3))
    return (
        f"id: loop{width}\nnamespace: {NAMESPACE}\ntasks:\n"
        f"  - id: each\n    type: {FLOW}.ForEach\n"
        f'    values: "{{{{ range(1, {width}) }}}}"\n    concurrencyLimit: 0\n    tasks:\n{tasks}'
    )


def inner(kind: str, count: int) -> str:
    """Return a flow whose one flowable holds `count` tasks: Sequential or Parallel."""
    tasks = "".join(f"      - {{id: t{number}, type: {RETURN}}}\n" for number in range(count))
    return (
        f"id: {kind.lower()}{count}\nnamespace: {NAMESPACE}\ntasks:\n"
        f"  - id: around\n    type: {FLOW}.{kind}\n    tasks:\n{tasks}"
    )


ITEM: Final = f"id: item\nnamespace: {NAMESPACE}\ntasks:\n  - {{id: t, type: {RETURN}}}\n"
"""What runs for each batch of `items`."""


def items(count: int) -> str:
    """Return a flow that starts an execution of `ITEM` for each of `count` rows of a file that it makes."""
    rows = f"{{% for i in range(1, {count}) %}}{{{{ i }}}}\\n{{% endfor %}}"
    return (
        f"id: items{count}\nnamespace: {NAMESPACE}\ntasks:\n"
        f"  - id: make\n    type: {FLOW}.WorkingDirectory\n"
        f'    inputFiles: {{rows.txt: "{rows}"}}\n    outputFiles: [rows.txt]\n'
        f"    tasks: [{{id: nothing, type: {RETURN}}}]\n"
        f"  - id: each\n    type: {FLOW}.ForEachItem\n"
        f"    items: \"{{{{ outputs.make.outputFiles['rows.txt'] }}}}\"\n"
        f"    namespace: {NAMESPACE}\n    flowId: item\n"
    )


def descent(levels: int) -> str:
    """Return a flow that calls itself until it is so many levels deep. (Its id is a template, so nobody can refuse it.)"""
    return (
        f"id: descent{levels}\nnamespace: {NAMESPACE}\n"
        f"inputs: [{{id: levels, type: INT, defaults: {levels}}}]\ntasks:\n"
        f"  - id: deeper\n    type: {FLOW}.Subflow\n    namespace: {NAMESPACE}\n"
        f"    flowId: \"{{{{ 'descent{levels}' }}}}\"\n"
        '    runIf: "{{ inputs.levels > 1 }}"\n    inputs: {levels: "{{ inputs.levels - 1 }}"}\n'
    )
