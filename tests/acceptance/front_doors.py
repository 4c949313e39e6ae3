"""Both ways to ask for an execution: a record on `requests`, and the HTTP API. Who is not answered asks again."""

import itertools
import time
import uuid
from typing import Final

import httpx
import orjson

from runfold.execution.request import ExecutionRequest, execution_id_of
from runfold.ports import Broker, Message
from runfold.topology import REQUESTS
from tests.acceptance.cluster import Cluster

NAMESPACE: Final = "company.team"
FLOW_ID: Final = "three_steps"
ANSWER_S: Final = 60.0
PAUSE_S: Final = 0.2


class Doors:
    """Asks for executions of one flow, each under a key of its own, and knows the ids that they must get."""

    def __init__(self, cluster: Cluster, broker: Broker) -> None:
        self._cluster = cluster
        self._broker = broker
        self._keys = (f"{uuid.uuid4().hex}-{number}" for number in itertools.count())

    def ask(self, count: int, nap: str | None = None) -> list[str]:
        """Ask for `count` executions, half of them each way; return their ids."""
        return self.ask_by_topic(count - count // 2, nap) + self.ask_by_http(count // 2, nap)

    def ask_by_topic(self, count: int, nap: str | None = None) -> list[str]:
        keys = list(itertools.islice(self._keys, count))
        body = orjson.dumps({"namespace": NAMESPACE, "flowId": FLOW_ID, "inputs": {"nap": nap} if nap else {}})
        self._broker.publish([Message(REQUESTS, None, body, {"idempotency-key": key}) for key in keys])
        return [_id_of(key) for key in keys]

    def ask_by_http(self, count: int, nap: str | None = None) -> list[str]:
        with httpx.Client(base_url=self._cluster.url, timeout=30) as client:
            return [self._post(client, key, nap) for key in itertools.islice(self._keys, count)]

    def _post(self, client: httpx.Client, key: str, nap: str | None) -> str:
        form = {"nap": (None, nap)} if nap else None
        deadline_s = time.monotonic() + ANSWER_S
        while True:
            answer = client.post(
                f"/api/v1/executions/{NAMESPACE}/{FLOW_ID}", headers={"Idempotency-Key": key}, files=form
            )
            if answer.is_success:
                execution_id = str(answer.json()["id"])
                assert execution_id == _id_of(key)
                return execution_id
            assert answer.status_code == httpx.codes.SERVICE_UNAVAILABLE, answer.text
            assert time.monotonic() < deadline_s, answer.text
            time.sleep(PAUSE_S)


def _id_of(key: str) -> str:
    return execution_id_of(ExecutionRequest(NAMESPACE, FLOW_ID, idempotency_key=key), REQUESTS, 0, 0)
