"""
Flow cases: a flow, its inputs, and the trail that it leaves.

Each file of `cases/` holds one: `flow` (YAML text), `inputs`, and what is expected: `state`,
`states` (the execution's history), `trail` (lines "task[value] STATE" in the order of creation),
`outputs` of task runs by "task[value]", flow `outputs`, `histories`, `attempts`, `logs` (texts contained), `labels`. `others`: flows that it calls; `templates`: those that it uses.
"""

from pathlib import Path
from typing import Any

import pytest
from ruamel.yaml import YAML

from runfold.execution.model import label_map
from tests.engine import Engine, Outcome

CASES = sorted((Path(__file__).parent / "cases").glob("*.yaml"))


def name_of(run: Any) -> str:
    return run.task_id if run.value is None else f"{run.task_id}[{run.value}]"


def trail_of(outcome: Outcome) -> list[str]:
    return [f"{name_of(run)} {run.state}" for run in outcome.taskruns]


@pytest.mark.parametrize("path", CASES, ids=lambda path: path.stem)
def test_a_flow_leaves_the_trail_that_its_case_tells(path: Path) -> None:
    case = YAML(typ="safe").load(path)
    engine = Engine()
    for other in case.get("others", []):
        engine.flows.create(other)
    for template in case.get("templates", []):
        engine.flows.templates.create(template)
    try:
        outcome = engine.run(case["flow"], case.get("inputs"))
    finally:
        engine.close()

    assert outcome.execution.state == case["state"]
    if "trail" in case:
        assert trail_of(outcome) == case["trail"]
    if "states" in case:
        assert outcome.states() == case["states"]
    for key, expected in case.get("histories", {}).items():
        assert [str(entry.state) for entry in find(outcome, key).histories] == expected
    for key, expected in case.get("attempts", {}).items():
        assert [str(attempt.state) for attempt in find(outcome, key).attempts] == expected
    for key, expected in case.get("taskOutputs", {}).items():
        assert find(outcome, key).outputs == expected
    if "outputs" in case:
        assert outcome.execution.outputs == case["outputs"]
    if "labels" in case:
        labels = label_map(outcome.execution.labels)
        assert {key: labels.get(key) for key in case["labels"]} == case["labels"]
    messages = [f"{entry.level} {entry.message}" for entry in outcome.logs]
    for text in case.get("logs", []):
        assert any(text in message for message in messages), messages
    check_place(outcome)


def find(outcome: Outcome, key: str) -> Any:
    found = [run for run in outcome.taskruns if name_of(run) == key]
    assert found, f"no task run {key} in {trail_of(outcome)}"
    return found[-1]


def check_place(outcome: Outcome) -> None:
    """What holds for every execution: ordinals count, and no history goes backwards."""
    assert [run.ordinal for run in outcome.taskruns] == list(range(len(outcome.taskruns)))
    for owner in (outcome.execution, *outcome.taskruns):
        dates = [entry.date for entry in owner.histories]
        assert dates == sorted(dates)
