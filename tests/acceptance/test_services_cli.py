"""The commands of the compose file, started as processes: they come up, answer, and end cleanly when told."""

import shlex
import subprocess
import sys
from pathlib import Path
from typing import Any

import httpx
import pytest
import yaml
from confluent_kafka.admin import AdminClient, NewTopic

from runfold.adapters.flow_store import FlowStore
from tests.acceptance.auditor import Auditor
from tests.acceptance.cluster import Cluster
from tests.engine import TYPES

ROOT = Path(__file__).parents[2]
COMPOSE: dict[str, Any] = yaml.safe_load((ROOT / "docker-compose.yml").read_text(encoding="utf-8"))["services"]
README = (ROOT / "README.md").read_text(encoding="utf-8")
NAMES = ("executor", "worker", "indexer", "webserver")
MADE_S = 60
ENDS_S = 60.0


def command_of(name: str) -> list[str]:
    command = COMPOSE[name]["command"]
    service, *arguments = shlex.split(command) if isinstance(command, str) else command
    assert service == name
    return [*arguments, "--port", "0"] if name == "webserver" else arguments


@pytest.fixture
def composed(cluster: Cluster) -> Cluster:
    """All services, by the commands of the compose file and its own settings but for names and addresses."""
    variables = {name: str(value) for name, value in COMPOSE["executor"]["environment"].items()}
    cluster.environment = {**variables, **cluster.environment}
    for name in NAMES:
        cluster.start_as(name, command_of(name))
    return cluster


def test_each_service_comes_up_and_ends_cleanly_when_told(composed: Cluster) -> None:
    assert httpx.get(f"{composed.url}/health", timeout=30).json() == {"status": "UP"}
    ready = httpx.get(f"{composed.url}/health/ready", timeout=30)
    assert ready.json() == {"status": "UP"}, ready.text

    codes = {name: composed.stop(name) for name in NAMES}

    logs = {name: (composed.folder / f"{name}.log").read_text(encoding="utf-8") for name in NAMES}
    assert codes == dict.fromkeys(NAMES, 0)
    assert [name for name in NAMES if "Traceback" in logs[name]] == []


def test_the_readmes_producer_starts_an_execution_and_is_answered(composed: Cluster) -> None:
    settings = composed.environment
    prefix, bootstrap = settings["RUNFOLD_TOPIC_PREFIX"], settings["RUNFOLD_KAFKA_BOOTSTRAP_SERVERS"]
    auditor = Auditor(composed)
    FlowStore(auditor.broker, TYPES).create((ROOT / "examples" / "parallel.yaml").read_text(encoding="utf-8"))
    theirs = f"{prefix}answers"
    admin = AdminClient({"bootstrap.servers": bootstrap})
    admin.create_topics([NewTopic(theirs, 1, 1)])[theirs].result(MADE_S)
    printed = README.partition("```python\n")[2].partition("```")[0]
    program = printed.replace("127.0.0.1:19092", bootstrap).replace('"runfold.', f'"{prefix}')
    program = program.replace('"answers"', f'"{theirs}"')
    assert program.count(prefix) == 2

    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, timeout=60, check=False)

    assert done.returncode == 0, done.stderr
    try:
        auditor.until(lambda: auditor.ended(auditor.live) == 1, ENDS_S, "the execution that it asked for ends")
        (aggregate,) = auditor.live.values()
        assert aggregate.execution.state == "SUCCESS"
        assert aggregate.execution.inputs["nap"] == "PT1S"
        assert [b"accepted" in (record.value or b"") for record in auditor.broker.history("answers")] == [True, False]
    finally:
        auditor.close()
