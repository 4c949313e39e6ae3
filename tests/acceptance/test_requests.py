"""Kafka as the front door: what happens to whoever puts a record on `requests`."""

import threading
import time
import uuid
from collections.abc import Iterator
from typing import Any, Final

import httpx
import msgspec
import orjson
import pytest
from confluent_kafka.admin import AdminClient, NewTopic

from runfold.adapters.kafka_broker import KafkaBroker
from runfold.execution.facts import ExecutionCreated, Transition
from runfold.execution.request import ExecutionRequest, execution_id_of
from runfold.ports import Log, Message, Reading
from runfold.topology import DEAD_LETTERS, FACTS, REQUESTS
from tests.acceptance.cluster import Cluster

ARRIVES_S: Final = 60.0
NAMESPACE: Final = "company.team"

GREET: Final = """
id: greet
namespace: company.team
inputs:
  - id: name
    type: STRING
  - id: times
    type: INT
    defaults: 1
    max: 3
tasks:
  - id: say
    type: io.kestra.plugin.core.debug.Return
    format: "Hello {{ inputs.name }}"
outputs:
  - id: said
    type: STRING
    value: "{{ outputs.say.value }}"
"""

CLOSED: Final = """
id: closed
namespace: company.team
disabled: true
tasks:
  - id: say
    type: io.kestra.plugin.core.debug.Return
    format: never
"""

Json = dict[str, Any]


class Desk:
    """Where requests are written and answers arrive, in a topic that is ours and not the engine's."""

    def __init__(self, cluster: Cluster) -> None:
        self.http = httpx.Client(base_url=cluster.url, timeout=30)
        bootstrap = cluster.environment["RUNFOLD_KAFKA_BOOTSTRAP_SERVERS"]
        self.prefix = cluster.environment["RUNFOLD_TOPIC_PREFIX"]
        self.answers_topic = f"{self.prefix}answers"
        admin = AdminClient({"bootstrap.servers": bootstrap})
        admin.create_topics([NewTopic(self.answers_topic, 1, 1)])[self.answers_topic].result(ARRIVES_S)
        self.broker = KafkaBroker({"bootstrap.servers": bootstrap}, self.prefix)
        self._answers = self._open_answers()
        self._got: list[Json] = []

    def _open_answers(self) -> Log:
        deadline_s = time.monotonic() + ARRIVES_S
        while not self.broker.partitions("answers"):
            assert time.monotonic() < deadline_s
        return self.broker.log(Reading(("answers",)))

    def put(self, body: Json | bytes, key: str | None = None, **headers: str) -> None:
        value = body if isinstance(body, bytes) else orjson.dumps(body)
        named = {name.replace("_", "-"): text for name, text in headers.items()}
        self.broker.publish([Message(REQUESTS, key, value, named)])

    def answers(self, correlation_id: str, count: int) -> list[Json]:
        """Return the first `count` answers to a request, as they came."""
        deadline_s = time.monotonic() + ARRIVES_S
        while len(found := [body for body in self._got if body["correlationId"] == correlation_id]) < count:
            assert time.monotonic() < deadline_s, f"{found}, and then nothing"
            for record in self._answers.poll(100, 0.5):
                body = orjson.loads(record.value or b"")
                assert record.headers["correlation-id"] == body["correlationId"]
                assert record.headers["content-type"] == "application/json"
                self._got.append(body)
        return found

    def ended(self, execution_id: str) -> Json:
        """Return an execution once it has ended, as the API has it."""
        deadline_s = time.monotonic() + ARRIVES_S
        while time.monotonic() < deadline_s:
            answer = self.http.get(f"/api/v1/executions/{execution_id}")
            if answer.is_success and answer.json()["state"]["current"] in {"SUCCESS", "FAILED"}:
                return dict(answer.json())
            time.sleep(0.05)
        raise AssertionError(f"{execution_id} does not end: {answer.text}")

    def created(self, name: str) -> list[str]:
        """Return the executions that were created for a name, by the facts."""
        decoder = msgspec.json.Decoder(Transition)
        transitions = (decoder.decode(record.value or b"") for record in self.broker.history(FACTS))
        return [
            fact.id
            for transition in transitions
            for fact in transition.facts
            if isinstance(fact, ExecutionCreated) and fact.inputs.get("name") == name
        ]

    def letters(self, value: str) -> list[Json]:
        """Return the dead letters of a value."""
        bodies = (orjson.loads(record.value or b"") for record in self.broker.history(DEAD_LETTERS))
        return [body for body in bodies if body.get("value") == value]

    def close(self) -> None:
        self._answers.close()
        self.broker.close()
        self.http.close()


@pytest.fixture(scope="module")
def desk(shared_cluster: Cluster) -> Iterator[Desk]:
    desk = Desk(shared_cluster)
    for source in (GREET, CLOSED):
        answer = desk.http.post("/api/v1/flows", content=source, headers={"content-type": "application/x-yaml"})
        assert answer.is_success, answer.text
    yield desk
    desk.close()


@pytest.fixture
def name() -> str:
    """A name that no other test uses."""
    return uuid.uuid4().hex


def greeting(name: str, **more: Any) -> Json:
    return {"namespace": NAMESPACE, "flowId": "greet", "inputs": {"name": name}, **more}


def id_of(key: str) -> str:
    return execution_id_of(ExecutionRequest(NAMESPACE, "greet", idempotency_key=key), REQUESTS, 0, 0)


def test_a_record_starts_an_execution(desk: Desk, name: str) -> None:
    desk.put(greeting(name, executionId=name, labels={"team": "red"}))

    execution = desk.ended(name)

    assert execution["state"]["current"] == "SUCCESS"
    assert execution["inputs"] == {"name": name, "times": 1}
    assert execution["outputs"] == {"said": f"Hello {name}"}
    assert {"key": "team", "value": "red"} in execution["labels"]


def test_whoever_asks_is_told_that_it_was_accepted_and_how_it_ended(desk: Desk, name: str) -> None:
    desk.put(greeting(name), reply_topic=desk.answers_topic, correlation_id=name)

    accepted, ended = desk.answers(name, 2)

    assert accepted["type"] == "accepted"
    assert (accepted["namespace"], accepted["flowId"], accepted["flowRevision"]) == (NAMESPACE, "greet", 1)
    assert ended["type"] == "ended"
    assert ended["executionId"] == accepted["executionId"] == desk.created(name)[0]
    assert (ended["state"], ended["outputs"]) == ("SUCCESS", {"said": f"Hello {name}"})


def test_a_key_that_comes_twice_starts_one_execution(desk: Desk, name: str) -> None:
    for _ in range(2):
        desk.put(greeting(name), idempotency_key=name, reply_topic=desk.answers_topic, correlation_id=name)
    desk.put(greeting(name, idempotencyKey=name), reply_topic=desk.answers_topic, correlation_id=name)

    answers = desk.answers(name, 4)

    assert desk.ended(id_of(name))["state"]["current"] == "SUCCESS"
    assert sorted(answer["type"] for answer in answers)[:3] == ["accepted"] * 3
    assert {answer["executionId"] for answer in answers} == {id_of(name)}
    assert desk.created(name) == [id_of(name)]


def test_a_key_that_comes_by_kafka_and_by_http_at_once_starts_one_execution(desk: Desk, name: str) -> None:
    ids: list[str] = []
    ready = threading.Barrier(6)

    def by_http() -> None:
        ready.wait()
        answer = desk.http.post(
            f"/api/v1/executions/{NAMESPACE}/greet", headers={"Idempotency-Key": name}, files={"name": (None, name)}
        )
        ids.append(answer.json()["id"])

    def by_kafka() -> None:
        ready.wait()
        desk.put(greeting(name), idempotency_key=name, reply_topic=desk.answers_topic, correlation_id=name)

    threads = [threading.Thread(target=way) for way in (by_http, by_kafka) for _ in range(3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert desk.ended(id_of(name))["state"]["current"] == "SUCCESS"
    desk.answers(name, 3)  # each was decided on
    assert ids == [id_of(name)] * 3
    assert desk.created(name) == [id_of(name)]


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        ({"flowId": "nobody_wrote_it"}, "There is no flow company.team.nobody_wrote_it"),
        ({"namespace": "no.such"}, "There is no flow no.such.greet"),
        ({"revision": 7}, "There is no flow company.team.greet revision 7"),
        ({"flowId": "closed", "inputs": {}}, "Cannot execute a disabled flow"),
        ({"labels": {"system.own": "x"}}, "System labels"),
        ({"executionId": "no id at all"}, "An execution id must match"),
    ],
    ids=["flow", "namespace", "revision", "disabled", "label", "id"],
)
def test_a_request_that_cannot_be_served_is_rejected_with_its_reason(
    desk: Desk, name: str, change: Json, reason: str
) -> None:
    desk.put({**greeting(name), **change}, reply_topic=desk.answers_topic, correlation_id=name)

    (answer,) = desk.answers(name, 1)

    assert answer["type"] == "rejected"
    assert len(answer["reasons"]) == 1
    assert reason in answer["reasons"][0]
    assert desk.created(name) == []


def test_all_wrong_inputs_are_told_at_once(desk: Desk, name: str) -> None:
    desk.put(greeting(name, inputs={"times": 9}), reply_topic=desk.answers_topic, correlation_id=name)

    (answer,) = desk.answers(name, 1)

    assert answer["type"] == "rejected"
    assert ["name" in reason for reason in answer["reasons"]] == [True, False]
    assert ["times" in reason for reason in answer["reasons"]] == [False, True]


def test_a_record_that_is_no_request_goes_to_the_dead_letters_and_the_next_is_served_at_once(
    desk: Desk, name: str
) -> None:
    poison = f"no request, {name}"
    desk.put(poison.encode(), key="k", reply_topic=desk.answers_topic, correlation_id=name)
    desk.put({"flowId": name}, key="k")  # no namespace
    desk.put(greeting(name, executionId=name), key="k")

    assert desk.ended(name)["state"]["current"] == "SUCCESS"
    (letter,) = desk.letters(poison)
    assert (letter["topic"], letter["key"]) == ("requests", "k")
    assert "JSON" in letter["error"]
    (second,) = desk.letters(orjson.dumps({"flowId": name}).decode())
    assert second["offset"] == letter["offset"] + 1
    assert "namespace" in second["error"]
    (answer,) = desk.answers(name, 1)
    assert answer["type"] == "rejected"
    assert "This is no execution request" in answer["reasons"][0]


def test_a_reply_topic_that_is_not_there_harms_nothing(desk: Desk, name: str) -> None:
    desk.put(greeting(name, executionId=name), key="k", reply_topic=f"{desk.prefix}nowhere", correlation_id=name)
    desk.put(greeting(name), key="k", reply_topic="not a name / of any topic", correlation_id=name)
    desk.put(greeting(name), key="k", reply_topic=desk.answers_topic, correlation_id=name)

    answers = desk.answers(name, 2)

    assert [answer["type"] for answer in answers] == ["accepted", "ended"]
    assert desk.ended(name)["outputs"] == {"said": f"Hello {name}"}
    assert len(desk.created(name)) == 3


@pytest.mark.parametrize("topic", ["facts", "claims", "executions", "tasks.default"])
def test_nobody_gets_their_answers_into_a_topic_of_the_engine(desk: Desk, name: str, topic: str) -> None:
    desk.put(greeting(name, executionId=name), reply_topic=f"{desk.prefix}{topic}", correlation_id=name)

    assert desk.ended(name)["state"]["current"] == "SUCCESS"
    values = (record.value or b"" for record in desk.broker.history(topic))
    assert not any(b'"correlationId":"' + name.encode() in value and b'"type":"accepted"' in value for value in values)
