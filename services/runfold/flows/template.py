"""
A template: tasks stored by themselves, for flows that name them (`flow.Template`).

Deprecated in favour of subflows; read as YAML or JSON, by the rules of a flow's tasks.
"""

from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Annotated, Any

from pydantic import ValidationError

from runfold.errors import FlowInvalid, Violation
from runfold.flows.defaults import inject
from runfold.flows.model import PluginDefault
from runfold.flows.report import violations
from runfold.flows.schema import Flag, FlowId, Model, Namespace, NotEmpty, Text
from runfold.flows.task import Tasks, TaskTypes
from runfold.flows.validate import walk
from runfold.flows.yaml_source import read_yaml


class TemplateDefinition(Model):
    """A template as its author wrote it."""

    id: FlowId
    namespace: Namespace
    tenant_id: Text | None = None
    description: Text | None = None
    tasks: Annotated[Tasks, NotEmpty]
    errors: Tasks = ()
    deleted: Flag = False


def parse_template(source: str, types: TaskTypes, defaults: Sequence[PluginDefault] = ()) -> TemplateDefinition:
    """
    Return the template that `source` describes. `defaults`: those of the flow that uses it.

    Raises:
        FlowInvalid: All violations of the first kind found.
    """
    found = read_yaml(source)
    if not isinstance(found.value, dict):
        raise FlowInvalid((Violation("Illegal template yaml: a template must be a map", line=1, column=1),))
    try:
        written = inject(found.value, defaults, types)
        template = TemplateDefinition.model_validate(written, context={"types": types}, by_alias=True, by_name=False)
    except ValidationError as error:
        raise FlowInvalid(violations(error, found)) from error
    tasks = [*walk(template.tasks, ("tasks",)), *walk(template.errors, ("errors",))]
    counts = Counter(task.id for task, _ in tasks)
    double = [task_id for task_id, count in counts.items() if count > 1]
    if double:
        line, column = found.position([loc for task, loc in tasks if task.id == double[0]][1])
        text = f"Invalid Template: Duplicate task id with name [{', '.join(double)}]"
        raise FlowInvalid((Violation(text, "", line, column),))
    return template


def template_json(source: str) -> Mapping[str, Any]:
    """Return a stored template as the API shows it: what its author wrote. Raises: FlowInvalid."""
    raw = read_yaml(source).value
    if not isinstance(raw, dict):
        raise FlowInvalid((Violation("Illegal template yaml: a template must be a map", line=1, column=1),))
    return {"deleted": False, **{key: value for key, value in raw.items() if value is not None}}
