"""The dashboards: every query in them finds something in a real index of real task runs, and one command loads them."""

import json
import threading
from collections.abc import Iterator, Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from typing import Any

import httpx
import pytest
from deploy.dashboards import load
from elasticsearch import Elasticsearch as Client

from runfold.adapters.elastic_index import ElasticIndex
from runfold.documents.model import FIELDS, Document, FieldType, Kind
from runfold.documents.project import Position, project_execution, project_log, project_taskrun
from runfold.execution.claims import LogEntry
from tests.bench.search.story import stories
from tests.conftest import delete_indices, new_prefix
from tests.servers import Elasticsearch

FOLDER = Path(load.__file__).parent
END = datetime(2026, 11, 20, tzinfo=UTC)
GRAFANA = json.loads((FOLDER / "grafana.json").read_text())
KIBANA = [json.loads(line) for line in (FOLDER / "kibana.ndjson").read_text().splitlines()]
VARIABLES = {"datasource": Kind.TASKRUNS, "executions": Kind.EXECUTIONS, "logs": Kind.LOGS}
AGGREGATED = frozenset({FieldType.KEYWORD, FieldType.DATE, FieldType.LONG, FieldType.DOUBLE})

Json = dict[str, Any]


@pytest.fixture(scope="module")
def indexed(elasticsearch: Elasticsearch, shared_index_prefix: str) -> Iterator[tuple[str, str]]:
    """An index that holds a month of executions, their task runs and some log lines."""
    index = ElasticIndex(Client(elasticsearch.url), shared_index_prefix)
    documents: list[Document] = []
    for number, story in enumerate(stories(2_000, 3, END)):
        execution = story.aggregate.execution
        runs = [project_taskrun(run) for run in story.aggregate.taskruns.values()]
        # What the indexer adds when it knows earlier runs.
        documents += [replace(run, body={**run.body, "slowdown": 1.0 + number % 3}) for run in runs]
        line = LogEntry(execution.namespace, execution.flow_id, execution.id, END, "INFO", "hello")
        documents += [project_execution(execution), project_log(line, Position(0, number))]
    assert index.put(documents) == {}
    index.refresh()
    yield elasticsearch.url, shared_index_prefix
    index.close()


@pytest.fixture(scope="module")
def shared_index_prefix(elasticsearch: Elasticsearch) -> Iterator[str]:
    prefix = new_prefix()
    yield prefix
    delete_indices(elasticsearch.url, prefix)


def ask(place: tuple[str, str], kind: Kind, body: Json) -> Json:
    url, prefix = place
    answer = httpx.post(f"{url}/{prefix}{kind}/_search", json=body, timeout=30)
    assert answer.status_code == 200, answer.text
    return answer.json()


def innermost(aggregations: Json) -> Json:
    """Return an innermost bucket that holds documents."""
    while True:
        inner = [found for found in aggregations.values() if isinstance(found, dict) and found.get("buckets")]
        if not inner:
            return aggregations
        aggregations = max(inner[0]["buckets"], key=lambda bucket: bucket["doc_count"])
        assert aggregations["doc_count"] > 0


# Grafana -------------------------------------------------------------------------------------------------


def grafana_targets() -> list[tuple[str, Kind, Json]]:
    found = []
    for panel in GRAFANA["panels"]:
        for target in panel["targets"]:
            variable = target["datasource"]["uid"].strip("${}")
            found.append((f"{panel['title']} {target['refId']}", VARIABLES[variable], target))
    return found


def grafana_metric(metric: Json) -> Json:
    match metric["type"]:
        case "percentiles":
            return {"percentiles": {"field": metric["field"], "percents": metric["settings"]["percents"]}}
        case "avg":
            return {"avg": {"field": metric["field"]}}
    raise AssertionError(metric["type"])


def grafana_query(target: Json) -> Json:
    """Return what Grafana asks of Elasticsearch for a target."""
    aggregations: Json = {
        metric["id"]: grafana_metric(metric)
        for metric in target["metrics"]
        if metric["type"] not in ("count", "raw_data")
    }
    for bucket in reversed(target["bucketAggs"]):
        settings = bucket["settings"]
        if bucket["type"] == "date_histogram":
            how: Json = {"date_histogram": {"field": bucket["field"], "fixed_interval": "1d", "min_doc_count": 1}}
        else:
            order = settings["orderBy"] if settings["orderBy"].startswith("_") else "_count"
            how = {
                "terms": {"field": bucket["field"], "size": int(settings["size"]), "order": {order: settings["order"]}}
            }
        aggregations = {bucket["id"]: how | ({"aggs": aggregations} if aggregations else {})}
    text = target["query"].replace("$namespace", "*")
    query = {"query_string": {"query": text, "analyze_wildcard": True}}
    return {
        "size": 5 if not aggregations else 0,
        "query": query,
        "aggs": aggregations or {"all": {"value_count": {"field": "id"}}},
    }


@pytest.mark.elasticsearch
@pytest.mark.parametrize(
    ("name", "kind", "target"), grafana_targets(), ids=lambda value: value if isinstance(value, str) else ""
)
def test_every_query_of_the_grafana_dashboard_finds_something(
    indexed: tuple[str, str], name: str, kind: Kind, target: Json
) -> None:
    answer = ask(indexed, kind, grafana_query(target))

    assert answer["hits"]["total"]["value"] > 0, name
    innermost(answer["aggregations"])


def test_grafana_groups_and_measures_by_documented_fields_only() -> None:
    for name, kind, target in grafana_targets():
        used = [each["field"] for each in (*target["bucketAggs"], *target["metrics"]) if "field" in each]
        for field in [*used, target["timeField"]]:
            assert FIELDS[kind].get(field) in AGGREGATED, (name, field)


# Kibana --------------------------------------------------------------------------------------------------


def kibana_panels() -> list[tuple[str, Kind, Json]]:
    found = []
    for each in KIBANA:
        if each["type"] == "lens":
            (reference,) = each["references"]
            found.append((each["id"], Kind(reference["id"].removeprefix("runfold-")), each["attributes"]["state"]))
    return found


def kibana_metric(column: Json) -> Json | None:
    match column["operationType"]:
        case "count":
            return None
        case "percentile":
            return {"percentiles": {"field": column["sourceField"], "percents": [column["params"]["percentile"]]}}
        case "average":
            return {"avg": {"field": column["sourceField"]}}
    raise AssertionError(column["operationType"])


def kuery(text: str) -> Json:
    """Return the small part of Kibana's language that the dashboard uses, as Elasticsearch asks it."""
    if not text:
        return {"match_all": {}}
    if ":" in text:
        field, _, value = text.partition(":")
        return {"term": {field.strip(): value.strip()}}
    field, sign, value = text.split()
    assert sign == ">"
    return {"range": {field: {"gt": float(value)}}}


def kibana_query(state: Json) -> Json:
    columns = state["datasourceStates"]["formBased"]["layers"]["layer"]["columns"]
    metrics = {name: kibana_metric(column) for name, column in columns.items() if not column["isBucketed"]}
    aggregations: Json = {name: found for name, found in metrics.items() if found is not None}
    for name, column in reversed([(name, column) for name, column in columns.items() if column["isBucketed"]]):
        if column["operationType"] == "date_histogram":
            how: Json = {"date_histogram": {"field": column["sourceField"], "fixed_interval": "1d", "min_doc_count": 1}}
        else:
            how = {"terms": {"field": column["sourceField"], "size": column["params"]["size"]}}
        aggregations = {name: how | ({"aggs": aggregations} if aggregations else {})}
    return {"size": 0, "query": kuery(state["query"]["query"]), "aggs": aggregations}


@pytest.mark.elasticsearch
@pytest.mark.parametrize(
    ("name", "kind", "state"), kibana_panels(), ids=lambda value: value if isinstance(value, str) else ""
)
def test_every_panel_of_the_kibana_dashboard_finds_something(
    indexed: tuple[str, str], name: str, kind: Kind, state: Json
) -> None:
    answer = ask(indexed, kind, kibana_query(state))

    assert answer["hits"]["total"]["value"] > 0, name
    innermost(answer.get("aggregations", {}))


def test_kibanas_panels_lead_to_objects_of_the_file_and_to_documented_fields() -> None:
    known = {(each["type"], each["id"]) for each in KIBANA}
    for each in KIBANA:
        for reference in each["references"]:
            assert (reference["type"], reference["id"]) in known
    for name, kind, state in kibana_panels():
        layer = state["datasourceStates"]["formBased"]["layers"]["layer"]
        assert layer["columnOrder"] == list(layer["columns"])
        for column in layer["columns"].values():
            field = column["sourceField"]
            assert field == "___records___" or FIELDS[kind].get(field) in AGGREGATED, (name, field)
            ordered = column.get("params", {}).get("orderBy", {}).get("columnId")
            assert ordered is None or ordered in layer["columns"]


# The command ---------------------------------------------------------------------------------------------


@pytest.fixture
def server() -> Iterator[tuple[str, list[tuple[str, bytes]]]]:
    """A server that takes all that is posted, and remembers it."""
    posted: list[tuple[str, bytes]] = []

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            posted.append((self.path, self.rfile.read(int(self.headers["Content-Length"]))))
            body = json.dumps({"success": True, "successCount": 17, "url": "/d/x"}).encode()
            self.send_response(200)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_: Any) -> None: ...

    serving = HTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=serving.serve_forever)
    thread.start()
    yield f"http://127.0.0.1:{serving.server_port}", posted
    serving.shutdown()
    thread.join()
    serving.server_close()


def test_one_command_loads_both(server: tuple[str, list[tuple[str, bytes]]], capsys: pytest.CaptureFixture) -> None:
    url, posted = server

    assert load.main(["--kibana", url, "--grafana", url, "--index-prefix", "ours-"]) == 0

    paths = [path for path, _ in posted]
    assert paths == ["/api/saved_objects/_import?overwrite=true", *["/api/datasources"] * 3, "/api/dashboards/db"]
    assert b'"title": "ours-taskruns"' in posted[0][1]
    assert json.loads(posted[1][1])["jsonData"] == {"index": "ours-taskruns", "timeField": "startDate"}
    assert json.loads(posted[4][1])["dashboard"]["title"] == "Runfold task runs"
    assert "/app/dashboards" in capsys.readouterr().out


def test_a_server_that_is_not_there_is_said_in_one_line(capsys: pytest.CaptureFixture) -> None:
    assert load.main(["--grafana", "http://127.0.0.1:1"]) == 1
    assert "127.0.0.1:1" in capsys.readouterr().err


def described() -> Sequence[str]:
    """Return the fields of task runs that the guide lists."""
    text = (FOLDER.parents[1] / "docs" / "howto" / "build-a-dashboard.md").read_text()
    rows = [line.split("|")[1].strip() for line in text.splitlines() if line.startswith("| `")]
    return [row.strip("`") for row in rows]


def test_the_guide_lists_the_fields_that_there_are() -> None:
    assert list(described()) == [name for name, kind in FIELDS[Kind.TASKRUNS].items() if kind is not FieldType.STORED]


def test_the_story_is_old_enough_to_be_within_its_month() -> None:
    starts = [story.aggregate.execution.histories[0].date for story in stories(200, 3, END)]

    assert all(END - timedelta(days=30) <= start <= END for start in starts)
