"""
A flow as a graph: what a picture of it is drawn from.

Every flowable is a cluster with a begin and an end; edges inside say how one comes from
task to task. The shape is that of Kestra's FlowGraph, so clients that draw it can draw ours.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final

from runfold.flows.flowable.dag import Dag
from runfold.flows.flowable.each import Each
from runfold.flows.flowable.parallel import Parallel
from runfold.flows.model import Flow
from runfold.flows.task import FlowableTask, StartsFlow, Task

Json = dict[str, Any]

ROOT: Final = "root"
CHOICES: Final = ("then", "else", "cases.", "defaults")


@dataclass
class _Graph:
    nodes: list[Json] = field(default_factory=list)
    edges: list[Json] = field(default_factory=list)
    clusters: list[Json] = field(default_factory=list)
    flowables: list[str] = field(default_factory=list)

    def edge(self, source: str, target: str, relation: str | None = None, value: str | None = None) -> None:
        json: Json = {"source": source, "target": target}
        if relation is not None:
            json["relation"] = {"relationType": relation} | ({} if value is None else {"value": value})
        self.edges.append(json)


@dataclass(frozen=True, slots=True)
class _Around:
    """What a task stands in: the clusters around it, from the outermost, and its own nodes."""

    parents: tuple[str, ...]
    nodes: list[str]
    is_error: bool = False


def flow_graph(flow: Flow) -> Json:
    """Return `{nodes, edges, clusters, flowables}`; a task's node has its id as `uid`."""
    graph = _Graph()
    begin, end = f"{ROOT}.begin", f"{ROOT}.end"
    graph.nodes += [{"uid": begin, "type": "GraphClusterRoot"}, {"uid": end, "type": "GraphClusterEnd"}]
    _triggers(graph, flow, begin)
    around = _Around((), [])
    _chain(graph, around, begin, flow.tasks, end)
    if flow.errors:
        _chain(graph, _Around((), [], is_error=True), begin, flow.errors, end, "ERROR")
    if flow.finally_:
        _chain(graph, around, begin, flow.finally_, end, "FINALLY")
    if flow.after_execution:
        _chain(graph, around, begin, flow.after_execution, end, "AFTER_EXECUTION")
    return {"nodes": graph.nodes, "edges": graph.edges, "clusters": graph.clusters, "flowables": graph.flowables}


def _triggers(graph: _Graph, flow: Flow, begin: str) -> None:
    for trigger in flow.triggers:
        uid = f"trigger.{trigger.id}"
        graph.nodes.append(
            {"uid": uid, "type": "GraphTrigger", "trigger": {"id": trigger.id, "type": trigger.type}}
            | ({"triggerDeclaration": {"disabled": True}} if trigger.disabled else {})
        )
        graph.edge(uid, begin)


def _chain(  # noqa: PLR0913, PLR0917 - from, through, to
    graph: _Graph,
    around: _Around,
    begin: str,
    tasks: Sequence[Task],
    end: str,
    relation: str = "SEQUENTIAL",
    value: str | None = None,
) -> None:
    """Draw tasks that follow each other; the first edge has the relation given."""
    source = begin
    for task in tasks:
        first, last = _task(graph, around, task)
        graph.edge(source, first, relation, value)
        source, relation, value = last, "SEQUENTIAL", None
    graph.edge(source, end, relation, value)


def _task(graph: _Graph, around: _Around, task: Task) -> tuple[str, str]:
    """Draw one task; return the node that leads into it and the one that leads out."""
    node: Json = {"uid": task.id, "type": _kind(task), "task": _shown(task)} | (
        {"error": True} if around.is_error else {}
    )
    if not isinstance(task, FlowableTask) or not task.children():
        graph.nodes.append(node)
        around.nodes.append(task.id)
        return task.id, task.id
    begin, end = f"{task.id}.begin", f"{task.id}.end"
    uid = f"cluster.{task.id}"
    graph.flowables.append(task.id)
    graph.nodes += [{"uid": begin, "type": "GraphClusterRoot"}, node, {"uid": end, "type": "GraphClusterEnd"}]
    around.nodes.append(task.id)
    inner = _Around((*around.parents, uid), [begin, task.id, end], around.is_error)
    graph.clusters.append(
        {
            "cluster": {"uid": uid, "type": "GraphCluster", "relationType": _relation(task), "taskNode": node},
            "nodes": inner.nodes,
            "parents": list(around.parents),
            "start": begin,
            "end": end,
        }
    )
    graph.edge(begin, task.id)
    for path, children in task.children().items():
        _branch(graph, inner, task, path, children, end)
    return begin, end


def _branch(  # noqa: PLR0913, PLR0917 - a branch of a task between two nodes
    graph: _Graph, inner: _Around, task: FlowableTask, path: str, children: Sequence[Task], end: str
) -> None:
    if path == "errors":
        _chain(graph, _Around(inner.parents, inner.nodes, is_error=True), task.id, children, end, "ERROR")
    elif isinstance(task, Dag):
        _dag(graph, inner, task, end)
    elif isinstance(task, Parallel):
        for child in children:
            _chain(graph, inner, task.id, (child,), end, "PARALLEL")
    elif path.startswith(CHOICES):
        _chain(graph, inner, task.id, children, end, "CHOICE", path.removeprefix("cases."))
    else:
        _chain(graph, inner, task.id, children, end, _relation(task))


def _dag(graph: _Graph, inner: _Around, task: Dag, end: str) -> None:
    places = {entry.task.id: _task(graph, inner, entry.task) for entry in task.tasks}
    awaited = {name for entry in task.tasks for name in entry.depends_on}
    for entry in task.tasks:
        first, last = places[entry.task.id]
        for name in entry.depends_on:
            graph.edge(places[name][1], first, "SEQUENTIAL")
        if not entry.depends_on:
            graph.edge(task.id, first, "SEQUENTIAL")
        if entry.task.id not in awaited:
            graph.edge(last, end, "SEQUENTIAL")


def _relation(task: FlowableTask) -> str:
    if isinstance(task, Parallel):
        return "PARALLEL"
    return "DYNAMIC" if isinstance(task, Each) else "SEQUENTIAL"


def _kind(task: Task) -> str:
    return "SubflowGraphTask" if isinstance(task, StartsFlow) else "GraphTask"


def _shown(task: Task) -> Json:
    """Return of a task what a picture needs, none of what an author wrote into it."""
    shown: Json = {"id": task.id, "type": task.type}
    if task.description is not None:
        shown["description"] = task.description
    if task.disabled:
        shown["disabled"] = True
    if isinstance(task, StartsFlow):
        shown |= {"namespace": task.namespace, "flowId": task.flow_id}
    return shown


def with_runs(graph: Mapping[str, Any], runs: Mapping[str, Json]) -> Json:
    """Return the graph with what became of each task: `runs` by task id, put into its node as `taskRun`."""
    return {**graph, "nodes": list(_with_runs(graph["nodes"], runs))}


def _with_runs(nodes: Sequence[Json], runs: Mapping[str, Json]) -> Iterator[Json]:
    for node in nodes:
        run = runs.get(node["uid"])
        yield node if run is None else node | run
