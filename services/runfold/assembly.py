"""
The composition root: which adapter and which service make a process.

Reads settings; opens what they name. Rule: adapters and services meet here (and in the
commands) and nowhere else.
"""

import fcntl
import time
import uuid
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Final

from elastic_transport.client_utils import DEFAULT
from elasticsearch import Elasticsearch
from fastapi import FastAPI

from runfold.adapters.elastic_index import ElasticIndex
from runfold.adapters.flow_store import FlowStore
from runfold.adapters.kafka_broker import KafkaBroker
from runfold.adapters.kafka_topics import KafkaTopics
from runfold.adapters.sqlite_broker import SqliteBroker
from runfold.adapters.sqlite_index import SqliteIndex
from runfold.errors import RunfoldError
from runfold.execution.ids import base62
from runfold.executor.service import Executor
from runfold.flows.expressions import Expressions
from runfold.flows.task import TaskTypes
from runfold.functions import functions
from runfold.indexer.service import BESIDE_OTHERS, GROUP, TOPICS, Indexer, Pace
from runfold.ports import Broker, Index, Reading
from runfold.runtime import Step
from runfold.settings import Settings
from runfold.tasks import load_task_types
from runfold.webserver.app import create_app
from runfold.webserver.parts import Parts
from runfold.webserver.tail import Tail
from runfold.worker.secrets import SecretMask
from runfold.worker.service import Worker

GRACE_S: Final = 5.0
"""How long a worker waits for what runs when it is told to stop; the rest is given back."""

ELASTIC_TIMEOUT_S: Final = 30.0


class DataInUse(RunfoldError):
    """Another process works on this data: stop it, or choose another folder."""


@dataclass(frozen=True, slots=True)
class Core:
    """What all services of one process share."""

    settings: Settings
    broker: Broker
    types: TaskTypes
    mask: SecretMask
    expressions: Expressions


def core(settings: Settings, broker: Broker) -> Core:
    """Return what services share, on this broker."""
    mask = SecretMask(settings.secret_environment())
    expressions = Expressions(functions(mask.secret), clock=utc_now, monotonic=time.monotonic)
    return Core(settings, broker, load_task_types(), mask, expressions)


def executor(core: Core, flows: FlowStore) -> Executor:
    """Return an executor; its place in the group is this machine's."""
    return Executor(
        core.broker,
        flows,
        core.expressions,
        surroundings=core.settings.surroundings(),
        clock=utc_now,
        member=core.settings.member,
        window_s=core.settings.idempotency_window.total_seconds(),
    )


def worker(core: Core) -> Worker:
    """
    Return a worker.

    Its id is new with each start: what a former process of this machine left unfinished
    belongs to a worker that is silent, and so is dispatched again.
    """
    return Worker(
        core.broker,
        core.types,
        core.expressions,
        worker_id=f"{core.settings.member}-{base62(uuid.uuid4().int)[:8]}",
        group=core.settings.worker_group,
        slots=core.settings.worker_slots,
        clock=utc_now,
        mask=core.mask,
        roots=core.settings.surroundings(),
    )


def indexer(core: Core, index: Index, pace: Pace | None = None) -> Indexer:
    """Return an indexer; its place in the group is this machine's."""
    return Indexer(core.broker.log(Reading(TOPICS, group=GROUP, member=core.settings.member)), index, pace)


def api(core: Core, index: Index, flows: FlowStore, tail: Tail) -> FastAPI:
    """Return the web application. Its tail's steps are the caller's to run."""
    parts = Parts(
        broker=core.broker,
        index=index,
        flows=flows,
        tail=tail,
        types=core.types,
        expressions=core.expressions,
        clock=utc_now,
        new_id=new_id,
    )
    return create_app(parts)


def new_id() -> str:
    """Return an id that nobody has used."""
    return base62(uuid.uuid4().int)


def utc_now() -> datetime:
    """Return the date of now, in UTC."""
    return datetime.now(UTC)


def kafka(settings: Settings) -> KafkaBroker:
    """Return the cluster's broker; it connects when it is used."""
    return KafkaBroker(
        settings.kafka_client(), settings.topic_prefix, settings.topic_partitions, settings.topic_replication
    )


def kafka_topics(settings: Settings, broker: KafkaBroker) -> KafkaTopics:
    """Return the topics that this installation needs."""
    return KafkaTopics(broker.cluster, (settings.worker_group,))


def elastic(settings: Settings) -> ElasticIndex:
    """Return the cluster's index; it connects when it is used."""
    user, password, api_key = (
        settings.elasticsearch_username,
        settings.elasticsearch_password,
        settings.elasticsearch_api_key,
    )
    ca_certs = settings.elasticsearch_ca_certs
    client = Elasticsearch(
        list(settings.elasticsearch_hosts),
        api_key=api_key.get_secret_value() if api_key else None,
        basic_auth=(user, password.get_secret_value() if password else "") if user else None,
        ca_certs=DEFAULT if ca_certs is None else str(ca_certs),
        request_timeout=ELASTIC_TIMEOUT_S,
    )
    return ElasticIndex(client, settings.index_prefix)


@dataclass(frozen=True, slots=True)
class Engine:
    """An engine inside this process: who runs flows, and who sees what happens."""

    core: Core
    flows: FlowStore
    tail: Tail
    steps: Mapping[str, Step]


@contextmanager
def engine(settings: Settings, data: Path | None) -> Iterator[Engine]:
    """
    Yield an engine on SQLite in the folder `data` (None: in memory); its steps are the caller's to run.

    Raises:
        DataInUse: Another process has the folder.
    """
    with ExitStack() as closing:
        if data is not None:
            closing.enter_context(_locked(data))
        broker = SqliteBroker(data / "log.sqlite" if data else None)
        closing.callback(broker.close)
        shared = core(settings, broker)
        flows = FlowStore(broker, shared.types)
        tail = Tail(broker)
        closing.callback(tail.close)
        runs = executor(shared, flows)
        closing.callback(runs.close)
        works = worker(shared)
        closing.callback(works.close, GRACE_S)
        yield Engine(shared, flows, tail, {"executor": runs.step, "worker": works.step, "tail": tail.step})


@contextmanager
def _locked(data: Path) -> Iterator[None]:
    data.mkdir(parents=True, exist_ok=True)
    with (data / "lock").open("w") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            raise DataInUse(f"Another runfold works on {data}") from error
        yield


@dataclass(frozen=True, slots=True)
class Standalone:
    """An engine with its index and its API; the steps are the caller's to run."""

    engine: Engine
    app: FastAPI
    steps: Mapping[str, Step]


@contextmanager
def standalone_engine(settings: Settings, data: Path) -> Iterator[Standalone]:
    """
    Yield everything in one process, on SQLite in the folder `data`.

    Raises:
        DataInUse: Another process has the folder.
    """
    with engine(settings, data) as ours, ExitStack() as closing:
        index = SqliteIndex(data / "index.sqlite")
        closing.callback(index.close)
        indexes = indexer(ours.core, index, BESIDE_OTHERS)
        closing.callback(indexes.close)
        app = api(ours.core, index, ours.flows, ours.tail)
        yield Standalone(ours, app, {**ours.steps, "indexer": indexes.step})
