"""
Golden histories: facts as versions before this one wrote them, each with the end that it folded to.

A file is never edited: a fact once released keeps its meaning (a new kind is added instead). A
new flow case gets its history by `python -m tests.histories.record`, which leaves those that are there.
"""

import gzip
from pathlib import Path

import msgspec
import pytest

from runfold.execution.aggregate import Aggregate
from runfold.execution.apply import apply_transition
from runfold.execution.facts import Transition

HISTORIES = sorted((Path(__file__).parent / "v1").glob("*.jsonl.gz"))


def read(path: Path) -> tuple[list[Transition], dict[str, object]]:
    *facts, end = gzip.decompress(path.read_bytes()).splitlines()
    return [msgspec.json.decode(line, type=Transition) for line in facts], msgspec.json.decode(end)


def shown(aggregate: Aggregate) -> dict[str, object]:
    """Return an execution and its task runs as plain JSON: what a history's last line holds."""
    runs = sorted(aggregate.taskruns.values(), key=lambda run: run.ordinal)
    found = msgspec.json.decode(msgspec.json.encode({"execution": aggregate.execution, "taskRuns": runs}))
    assert isinstance(found, dict)
    return found


@pytest.mark.parametrize("path", HISTORIES, ids=lambda path: path.name.removesuffix(".jsonl.gz"))
def test_facts_of_earlier_versions_still_fold_to_their_recorded_end(path: Path) -> None:
    transitions, end = read(path)
    aggregate: Aggregate | None = None
    for transition in transitions:
        aggregate = apply_transition(aggregate, transition)

    assert aggregate is not None
    assert shown(aggregate) == end


def test_there_is_a_history_for_every_flow_case() -> None:
    cases = {path.stem for path in (Path(__file__).parents[1] / "flows" / "cases").glob("*.yaml")}

    assert cases <= {path.name.removesuffix(".jsonl.gz") for path in HISTORIES}
