"""What pictures of flows are drawn from."""

from runfold.flows.graph import flow_graph, with_runs
from runfold.flows.parse import parse_flow
from runfold.tasks import load_task_types

FLOW = """
id: shapes
namespace: company.team
triggers:
  - {id: every, type: io.kestra.plugin.core.trigger.Schedule, cron: "0 * * * *"}
tasks:
  - id: first
    type: io.kestra.plugin.core.debug.Return
    format: a
  - id: side
    type: io.kestra.plugin.core.flow.Parallel
    tasks:
      - {id: left, type: io.kestra.plugin.core.debug.Return, format: l}
      - id: loop
        type: io.kestra.plugin.core.flow.ForEach
        values: [1, 2]
        tasks:
          - {id: inner, type: io.kestra.plugin.core.debug.Return, format: i}
  - id: choose
    type: io.kestra.plugin.core.flow.Switch
    value: x
    cases:
      x:
        - {id: in_x, type: io.kestra.plugin.core.debug.Return, format: x}
    defaults:
      - {id: other, type: io.kestra.plugin.core.debug.Return, format: y}
  - id: order
    type: io.kestra.plugin.core.flow.Dag
    tasks:
      - task: {id: one, type: io.kestra.plugin.core.debug.Return, format: "1"}
      - task: {id: two, type: io.kestra.plugin.core.debug.Return, format: "2"}
        dependsOn: [one]
errors:
  - {id: sorry, type: io.kestra.plugin.core.debug.Return, format: e}
"""

GRAPH = flow_graph(parse_flow(FLOW, load_task_types()))


def edges() -> set[tuple]:
    relations = ((edge, edge.get("relation", {})) for edge in GRAPH["edges"])
    return {(edge["source"], edge["target"], it.get("relationType"), it.get("value")) for edge, it in relations}


def test_every_task_is_a_node_once_and_every_edge_joins_two_nodes() -> None:
    uids = [node["uid"] for node in GRAPH["nodes"]]

    assert len(set(uids)) == len(uids)
    tasks = {"first", "side", "left", "loop", "inner", "choose", "in_x", "other", "order", "one", "two", "sorry"}
    assert tasks <= set(uids)
    assert {end for edge in GRAPH["edges"] for end in (edge["source"], edge["target"])} == set(uids)


def test_edges_say_how_one_comes_from_task_to_task() -> None:
    assert {
        ("trigger.every", "root.begin", None, None),
        ("root.begin", "first", "SEQUENTIAL", None),
        ("first", "side.begin", "SEQUENTIAL", None),
        ("side", "left", "PARALLEL", None),
        ("loop", "inner", "DYNAMIC", None),
        ("choose", "in_x", "CHOICE", "x"),
        ("choose", "other", "CHOICE", "defaults"),
        ("order", "one", "SEQUENTIAL", None),
        ("one", "two", "SEQUENTIAL", None),
        ("two", "order.end", "SEQUENTIAL", None),
        ("order.end", "root.end", "SEQUENTIAL", None),
        ("root.begin", "sorry", "ERROR", None),
    } <= edges()
    assert ("one", "order.end", "SEQUENTIAL", None) not in edges()


def test_a_flowable_is_a_cluster_that_names_those_around_it() -> None:
    clusters = {cluster["cluster"]["uid"]: cluster for cluster in GRAPH["clusters"]}

    assert GRAPH["flowables"] == ["side", "loop", "choose", "order"]
    assert clusters["cluster.loop"]["parents"] == ["cluster.side"]
    assert clusters["cluster.loop"]["nodes"] == ["loop.begin", "loop", "loop.end", "inner"]


def test_what_an_author_wrote_into_a_task_is_not_shown() -> None:
    (node,) = (node for node in GRAPH["nodes"] if node["uid"] == "first")

    assert node["task"] == {"id": "first", "type": "io.kestra.plugin.core.debug.Return"}


def test_a_run_is_put_into_the_node_of_its_task() -> None:
    shown = with_runs(GRAPH, {"inner": {"taskRun": {"id": "t"}, "states": {"SUCCESS": 2}}})

    found = {node["uid"]: node for node in shown["nodes"]}
    assert found["inner"]["states"] == {"SUCCESS": 2}
    assert "taskRun" not in found["left"]
