"""
Conditions of triggers and listeners: whether they hold.

Dates are rendered first (`{{ trigger.date }}` by default); bounds do not belong to a range.
A condition that can't be evaluated raises: the caller says what that means.
"""

from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass, field
from datetime import datetime, time
from typing import Final

from runfold.errors import ExpressionFailed
from runfold.execution.state import State
from runfold.flows import condition as w
from runfold.flows.task import Plugin
from runfold.flows.temporal import parse_instant, parse_time

DAYS_OF_WEEK: Final = tuple(w.Day)
PLACES: Final = {w.DayInMonth.FIRST: 1, w.DayInMonth.SECOND: 2, w.DayInMonth.THIRD: 3, w.DayInMonth.FOURTH: 4}


@dataclass(frozen=True, slots=True)
class Scene:
    """What conditions look at. `render`: a template's text, raises ExpressionFailed; `retried`: states of attempts."""

    namespace: str
    flow_id: str
    render: Callable[[str], str | None]
    state: State | None = None
    labels: Mapping[str, str] = field(default_factory=dict)
    retried: Collection[State] = ()


def holds(wanted: Plugin, scene: Scene) -> bool:
    """
    Return whether a condition holds.

    Raises:
        ExpressionFailed: Its template can't be rendered, gives no date, or nothing here knows such a condition.
    """
    match wanted:
        case w.Not():
            return not any(holds(each, scene) for each in wanted.conditions)
        case w.Or():
            return any(holds(each, scene) for each in wanted.conditions)
        case w.Expression() | w.ExecutionOutputs():
            return (scene.render(wanted.expression) or "").strip() not in ("", "false")
        case w.DateTimeBetween() | w.DayWeek() | w.DayWeekInMonth() | w.Weekend() | w.TimeBetween():
            return _date_fits(wanted, _date(scene, wanted.date))
        case _:
            return _execution_fits(wanted, scene)


def _execution_fits(wanted: Plugin, scene: Scene) -> bool:
    match wanted:
        case w.ExecutionFlow() | w.FlowCondition():
            return (scene.namespace, scene.flow_id) == (wanted.namespace, wanted.flow_id)
        case w.ExecutionNamespace():
            return _is_named(scene.namespace, wanted)
        case w.FlowNamespaceCondition():
            return scene.namespace == wanted.namespace or (
                wanted.prefix and scene.namespace.startswith(wanted.namespace)
            )
        case w.ExecutionLabels():
            return all(scene.labels.get(label.key) == label.value for label in wanted.labels)
        case w.ExecutionStatus():
            return (not wanted.in_ or scene.state in wanted.in_) and scene.state not in wanted.not_in
        case w.HasRetryAttempt():
            return any(
                (not wanted.in_ or state in wanted.in_) and state not in wanted.not_in for state in scene.retried
            )
    raise ExpressionFailed(f"the condition {wanted.type} can't be evaluated here")


def _is_named(namespace: str, wanted: w.ExecutionNamespace) -> bool:
    if wanted.comparison is w.Comparison.SUFFIX:
        return namespace.endswith(wanted.namespace)
    if wanted.comparison is w.Comparison.PREFIX or wanted.prefix:
        return namespace.startswith(wanted.namespace)
    return namespace == wanted.namespace


Dated = w.DateTimeBetween | w.DayWeek | w.DayWeekInMonth | w.Weekend | w.TimeBetween


def _date_fits(wanted: Dated, date: datetime) -> bool:
    day = DAYS_OF_WEEK[date.weekday()]
    match wanted:
        case w.DateTimeBetween():
            return (wanted.after is None or date > wanted.after) and (wanted.before is None or date < wanted.before)
        case w.DayWeek():
            return day is wanted.day_of_week
        case w.Weekend():
            return day in (w.Day.SATURDAY, w.Day.SUNDAY)
        case w.DayWeekInMonth():
            return day is wanted.day_of_week and _is_placed(date, wanted.day_in_month)
        case w.TimeBetween():
            after, before = _time(wanted.after), _time(wanted.before)
            now = date.time()
            return (after is None or now > after) and (before is None or now < before)


def _is_placed(date: datetime, place: w.DayInMonth) -> bool:
    if place is w.DayInMonth.LAST:
        try:
            date.replace(day=date.day + 7)
        except ValueError:
            return True
        return False
    return (date.day - 1) // 7 + 1 == PLACES[place]


def _time(text: str | None) -> time | None:
    return None if text is None else parse_time(text)


def _date(scene: Scene, template: str) -> datetime:
    text = scene.render(template) or ""
    try:
        return parse_instant(text)
    except ValueError as error:
        raise ExpressionFailed("the condition's date is no date") from error
