from datetime import UTC, datetime, timedelta
from io import StringIO

from rich.console import Console

from runfold.commands.table import ROWS_MAX, table
from runfold.execution.model import Attempt, Execution, TaskRun
from runfold.execution.state import Entry, State
from runfold.webserver.view import Seen

START = datetime(2026, 1, 1, tzinfo=UTC)


def histories(*states: State) -> tuple[Entry, ...]:
    return tuple(Entry(state, START + timedelta(seconds=number)) for number, state in enumerate(states))


def taskrun(
    task_id: str, *states: State, parent: str | None = None, ordinal: int = 0, value: str | None = None
) -> TaskRun:
    return TaskRun(
        id=task_id,
        execution_id="x",
        namespace="company.team",
        flow_id="flow",
        flow_revision=1,
        task_id=task_id,
        task_type="Return",
        ordinal=ordinal,
        histories=histories(*states),
        parent_taskrun_id=parent,
        value=value,
        attempts=(Attempt(histories(*states)),),
    )


def shown(*taskruns: TaskRun) -> list[str]:
    execution = Execution("x", "company.team", "flow", 1, histories(State.CREATED, State.RUNNING))
    out = StringIO()
    Console(file=out, width=120).print(table("flow", Seen(execution, taskruns, ()), START + timedelta(seconds=7)))
    return out.getvalue().splitlines()


def test_a_row_has_the_task_its_value_its_state_its_attempts_and_how_long_it_took() -> None:
    lines = shown(taskrun("a", State.CREATED, State.RUNNING, State.SUCCESS, value="one"))

    row = next(line for line in lines if " a " in line)
    assert [cell.strip() for cell in row.split("│")[1:-1]] == ["a", "one", "SUCCESS", "1", "2.000 s"]


def test_what_still_runs_has_taken_until_now() -> None:
    assert "7.000 s" in next(line for line in shown(taskrun("a", State.CREATED, State.RUNNING)) if " a " in line)


def test_children_stand_indented_under_their_parents() -> None:
    lines = shown(
        taskrun("a", State.RUNNING), taskrun("b", State.RUNNING, parent="a"), taskrun("c", State.RUNNING, parent="b")
    )

    assert any("│ a " in line for line in lines)
    assert any("│   b " in line for line in lines)
    assert any("│     c " in line for line in lines)


def test_of_a_large_execution_the_newest_rows_are_shown_and_the_rest_is_counted() -> None:
    lines = shown(*(taskrun(f"t{number}", State.RUNNING, ordinal=number) for number in range(ROWS_MAX + 3)))

    assert any("3 older task runs left out" in line for line in lines)
    assert not any(" t2 " in line for line in lines)
    assert any(" t3 " in line for line in lines)
