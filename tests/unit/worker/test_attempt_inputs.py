"""What a task was given is told as it was rendered: once, masked, cut."""

import base64
from typing import Any, ClassVar

import pytest
from tests.unit.worker.rig import LOG, RETURN, Rig

from runfold.flows.schema import Text
from runfold.flows.task import RunnableTask
from runfold.tasks.context import Outputs, RunContext
from runfold.worker.attempt_inputs import CUT, SIZE_MAX, TEXT_LENGTH_MAX, AttemptInputs

VALUES = "io.kestra.plugin.core.output.OutputValues"


class Takes(RunnableTask):
    """A task with properties of several kinds."""

    TYPE: ClassVar[str] = "test.Takes"

    text: Text | None = None
    number: int = 7
    things: Any = None

    def run(self, _context: RunContext) -> Outputs:
        return None


def inputs_of(rig: Rig, task: dict[str, Any], **given: Any) -> Any:
    before = len(rig.ended())
    rig.send(task, **given)
    rig.until(lambda: len(rig.ended()) > before)
    return rig.ended()[-1].inputs


@pytest.fixture
def rig() -> Rig:
    return Rig(environment={"SECRET_KEY": base64.b64encode(b"top-secret").decode()})


def test_properties_are_told_as_they_were_rendered(rig: Rig) -> None:
    sent = {"inputs": {"who": "Ada"}}
    assert inputs_of(rig, {"type": RETURN, "format": "Hello {{ inputs.who }}"}, variables=sent) == {
        "format": "Hello Ada"
    }
    assert inputs_of(rig, {"type": LOG, "message": ["{{ inputs.who }}", "b"], "level": "WARN"}, variables=sent) == {
        "message": ["Ada", "b"],
        "level": "WARN",
    }
    values = {"a": "{{ inputs.who }}", "deep": {"list": ["{{ 1 + 1 }}"]}}
    assert inputs_of(rig, {"type": VALUES, "values": values}, variables=sent) == {
        "values": {"a": "Ada", "deep": {"list": ["2"]}}
    }


def test_what_all_tasks_have_is_none_of_the_inputs(rig: Rig) -> None:
    task = {"type": RETURN, "format": "x", "description": "for people", "timeout": "PT1M", "logLevel": "INFO"}
    assert inputs_of(rig, task) == {"format": "x"}
    assert inputs_of(rig, {"type": RETURN}) is None


def test_a_secret_is_masked_also_where_a_text_is_cut(rig: Rig) -> None:
    told = inputs_of(rig, {"type": RETURN, "format": "key={{ secret('KEY') }}"})
    assert told == {"format": "key=**masked**"}
    filler = "x" * (TEXT_LENGTH_MAX - len(CUT) - 5)
    told = inputs_of(rig, {"type": RETURN, "format": filler + "{{ secret('KEY') }}" + "y" * 100})
    assert "top" not in told["format"]
    assert len(told["format"]) == TEXT_LENGTH_MAX


def test_a_template_that_failed_is_told_as_its_author_wrote_it(rig: Rig) -> None:
    assert inputs_of(rig, {"type": RETURN, "format": "{{ nobody }}"}) == {"format": "{{ nobody }}"}


def test_nothing_is_told_where_the_setting_says_so() -> None:
    rig = Rig(keeps_inputs=False)
    assert inputs_of(rig, {"type": RETURN, "format": "x"}) is None


def test_all_inputs_together_are_bounded() -> None:
    noted = AttemptInputs()
    task = Takes(id="t", type="test.Takes", things={f"k{number}": "v" * 500 for number in range(1_000)})
    told = noted.collected(task, str)
    assert told is not None
    assert 10 < len(told["things"]) < 50
    assert len(str(told)) < 2 * SIZE_MAX
    deep: Any = "x"
    for _ in range(100):
        deep = [deep]
    assert noted.collected(Takes(id="t", type="test.Takes", things=deep), str) is not None


def test_values_of_any_kind_become_json() -> None:
    noted = AttemptInputs()
    things = [1, 2.5, None, True, {"a": (1, 2)}, "\ud800", object()]
    told = noted.collected(Takes(id="t", type="test.Takes", number=3, things=things), str)
    assert told == {"number": 3, "things": [1, 2.5, None, True, {"a": [1, 2]}, "\\ud800", "object"]}


def test_a_map_that_was_rendered_as_a_whole_is_told_so() -> None:
    noted = AttemptInputs()
    task = Takes(id="t", type="test.Takes", text="{{ a }}", things={"{{ k }}": ["{{ v }}"]})
    noted.note(task.things, {"key": ["value"]})
    noted.note("{{ a }}", "A")
    assert noted.collected(task, str) == {"text": "A", "things": {"key": ["value"]}}
