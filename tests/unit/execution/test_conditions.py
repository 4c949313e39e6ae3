import pytest

from runfold.errors import ExpressionFailed
from runfold.execution.conditions import Scene, holds
from runfold.execution.state import State
from runfold.flows.condition import CONDITION_TYPES
from runfold.flows.task import Plugin

DATE = "2026-11-24T19:30:00Z"  # a Tuesday, the fourth of its month, and the last


def condition(name: str, **properties: object) -> Plugin:
    model = CONDITION_TYPES.find(f"io.kestra.plugin.core.condition.{name}")
    assert model is not None
    return model.model_validate({"type": model.TYPE, **properties}, context={"types": CONDITION_TYPES})


def scene(date: str = DATE) -> Scene:
    return Scene(
        namespace="company.team",
        flow_id="nightly",
        render=lambda template: date if "trigger.date" in template else template,
        state=State.FAILED,
        labels={"env": "prod"},
        retried={State.FAILED},
    )


@pytest.mark.parametrize(
    ("name", "properties", "expected"),
    [
        ("ExecutionStatus", {"in": ["FAILED"]}, True),
        ("ExecutionStatus", {"notIn": ["FAILED"]}, False),
        ("ExecutionFlow", {"namespace": "company.team", "flowId": "nightly"}, True),
        ("ExecutionNamespace", {"namespace": "company", "comparison": "PREFIX"}, True),
        ("ExecutionNamespace", {"namespace": "company"}, False),
        ("ExecutionNamespace", {"namespace": "team", "comparison": "SUFFIX"}, True),
        ("ExecutionLabels", {"labels": {"env": "prod"}}, True),
        ("ExecutionLabels", {"labels": {"env": "dev"}}, False),
        ("HasRetryAttempt", {"in": ["FAILED"]}, True),
        ("Expression", {"expression": "true"}, True),
        ("Expression", {"expression": "false"}, False),
        ("Expression", {"expression": "0"}, True),
        ("DayWeek", {"dayOfWeek": "TUESDAY"}, True),
        ("DayWeek", {"dayOfWeek": "MONDAY"}, False),
        ("Weekend", {}, False),
        ("DayWeekInMonth", {"dayOfWeek": "TUESDAY", "dayInMonth": "FOURTH"}, True),
        ("DayWeekInMonth", {"dayOfWeek": "TUESDAY", "dayInMonth": "LAST"}, True),
        ("DayWeekInMonth", {"dayOfWeek": "TUESDAY", "dayInMonth": "FIRST"}, False),
        ("TimeBetween", {"after": "19:00", "before": "20:00"}, True),
        ("TimeBetween", {"after": "19:30"}, False),
        ("DateTimeBetween", {"after": "2026-11-24T19:30:00Z"}, False),
        ("DateTimeBetween", {"before": "2026-11-25T00:00:00Z"}, True),
    ],
)
def test_a_condition_holds_exactly_where_its_words_say(
    name: str, properties: dict[str, object], expected: bool
) -> None:
    assert holds(condition(name, **properties), scene()) is expected


def test_not_wants_none_and_or_wants_one_of_its_conditions() -> None:
    failed = {"type": "io.kestra.plugin.core.condition.ExecutionStatus", "in": ["FAILED"]}
    killed = {"type": "io.kestra.plugin.core.condition.ExecutionStatus", "in": ["KILLED"]}

    assert holds(condition("Or", conditions=[failed, killed]), scene())
    assert not holds(condition("Not", conditions=[failed, killed]), scene())
    assert holds(condition("Not", conditions=[killed]), scene())


def test_a_date_that_is_none_is_said_to_be_none() -> None:
    with pytest.raises(ExpressionFailed, match="no date"):
        holds(condition("Weekend"), scene(date="soon"))
