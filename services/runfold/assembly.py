"""
The composition root: which adapter and which service make a process.

Reads settings; opens what they name. Rule: adapters and services meet here (and in the
commands) and nowhere else.
"""

import time
import uuid
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import cache
from pathlib import Path
from typing import Final

from elastic_transport.client_utils import DEFAULT
from elasticsearch import Elasticsearch
from fastapi import FastAPI

from runfold.adapters.elastic_generations import ElasticGenerations
from runfold.adapters.elastic_index import ElasticIndex
from runfold.adapters.elastic_mapping import Layout
from runfold.adapters.encryption import Cipher, KeyInvalid
from runfold.adapters.execution_access import ExecutionAccess
from runfold.adapters.flow_store import FlowStore
from runfold.adapters.functions import Functions, outside_functions
from runfold.adapters.kafka_broker import KafkaBroker
from runfold.adapters.kafka_topics import KafkaTopics
from runfold.adapters.log_search import FindLogs, patient
from runfold.adapters.purging import Purge
from runfold.adapters.revealing import Reveal, Revealing, nothing_to_reveal
from runfold.execution.ids import base62
from runfold.executor.service import Executor
from runfold.file_storages import file_storage
from runfold.flows.expressions import Expressions
from runfold.flows.plan import Host
from runfold.flows.task import TaskTypes
from runfold.indexer.service import GROUP, IN_CLUSTER, TOPICS, Indexer, Pace
from runfold.indexer.showing import Showing
from runfold.indexer.sweeping import Sweep, Turn
from runfold.ports import Assignment, Broker, Files, Index, Reading
from runfold.settings import Settings, SettingsInvalid
from runfold.tasks import load_task_types
from runfold.tasks.http_rules import HttpRules
from runfold.tasks.process_rules import ScriptRules
from runfold.webserver.app import create_app
from runfold.webserver.parts import Parts
from runfold.webserver.tail import Tail
from runfold.worker.secrets import SecretMask
from runfold.worker.service import Worker
from runfold.worker.storage import Outside

GRACE_S: Final = 5.0
"""How long a worker waits for what runs when it is told to stop; the rest is given back."""

ELASTIC_TIMEOUT_S: Final = 30.0


@dataclass(frozen=True, slots=True)
class Core:
    """
    What all services of one process share.

    `functions`: those of `expressions` that need the world. `is_namespace`: whether there is a flow in it.
    """

    settings: Settings
    broker: Broker
    types: TaskTypes
    mask: SecretMask
    expressions: Expressions
    files: Files
    is_namespace: Callable[[str], bool]
    cipher: Cipher | None

    @property
    def encrypt(self) -> Callable[[str], str] | None:
        """What seals SECRET inputs; None: no key is configured."""
        return None if self.cipher is None else self.cipher.encrypt

    @property
    def reveal(self) -> Reveal:
        """What makes secrets clear for attempts."""
        return nothing_to_reveal if self.cipher is None else Revealing(self.cipher, self.mask.remember)

    def functions(self, find_logs: FindLogs | None = None) -> Functions:
        """Return the functions of expressions; `find_logs`: for a worker."""
        return outside_functions(
            secret=self.mask.secret,
            files=self.files,
            clock=utc_now,
            is_namespace=self.is_namespace,
            find_logs=find_logs,
        )


def core(settings: Settings, broker: Broker, files: Files | None = None) -> Core:
    """
    Return what services share, on this broker; `files` None: the storage that the settings name.

    Raises:
        SettingsInvalid: The encryption key can't be one.
        PluginUnknown: A plugin that the settings name can't be loaded.
    """
    mask = SecretMask(settings.secret_environment())
    types = load_task_types(settings.plugins)
    storage = file_storage(settings, Path("data")) if files is None else files
    is_namespace = _known_namespaces(broker, types)
    functions = outside_functions(secret=mask.secret, files=storage, clock=utc_now, is_namespace=is_namespace)
    expressions = Expressions(functions, clock=utc_now, monotonic=time.monotonic)
    return Core(settings, broker, types, mask, expressions, storage, is_namespace, _cipher(settings))


def _known_namespaces(broker: Broker, types: TaskTypes) -> Callable[[str], bool]:
    """Return the test whether a namespace has flows; they are read when it is asked for the first time."""

    @cache
    def flows() -> FlowStore:
        return FlowStore(broker, types)

    return lambda namespace: any(
        stored.record.namespace == namespace or stored.record.namespace.startswith(f"{namespace}.")
        for stored in flows().all()
    )


def _cipher(settings: Settings) -> Cipher | None:
    if settings.encryption_key is None:
        return None
    try:
        return Cipher(settings.encryption_key.get_secret_value())
    except KeyInvalid as error:
        raise SettingsInvalid(f"RUNFOLD_ENCRYPTION_KEY: {error}") from None


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
        encrypt=core.encrypt,
        files=core.files,
    )


def worker(
    core: Core, find_logs: FindLogs, index: Index | None = None, flows: Callable[[], FlowStore] | None = None
) -> Worker:
    """
    Return a worker. `find_logs`: where its tasks find what was logged; `index`: where they count executions.

    Its id is new with each start: what a former process of this machine left unfinished
    belongs to a worker that is silent, and so is dispatched again.
    """
    patient_logs = patient(find_logs, time.monotonic, time.sleep)
    return Worker(
        core.broker,
        core.types,
        Expressions(core.functions(patient_logs), clock=utc_now, monotonic=time.monotonic),
        worker_id=f"{core.settings.member}-{base62(uuid.uuid4().int)[:8]}",
        group=core.settings.worker_group,
        slots=core.settings.worker_slots,
        keeps_inputs=core.settings.worker_inputs,
        clock=utc_now,
        mask=core.mask,
        roots=core.settings.surroundings(),
        outside=Outside(
            core.files,
            patient_logs,
            core.is_namespace,
            core.reveal,
            core.encrypt,
            _executions(core, index, flows or cache(lambda: FlowStore(core.broker, core.types))),
            script_rules(core.settings),
            http_rules(core.settings),
            None if index is None else Purge(index, core.broker, core.files),
        ),
    )


def _executions(core: Core, index: Index | None, flows: Callable[[], FlowStore]) -> ExecutionAccess:
    """Return how tasks reach other executions; flows are read when one is asked for."""
    host = Host(
        core.expressions,
        core.settings.surroundings(),
        lambda *asked: flows().runnable(*asked),
        core.encrypt,
        lambda *asked: flows().template(*asked),
    )
    return ExecutionAccess(core.broker, flows, host, index)


def script_rules(settings: Settings) -> ScriptRules:
    """Return what scripts may do on a worker."""
    return ScriptRules(
        enabled=settings.scripts_enabled,
        cpu_s=settings.scripts_cpu_s,
        memory_bytes=settings.scripts_memory_bytes,
        processes=settings.scripts_processes,
        file_bytes=settings.scripts_file_bytes,
    )


def http_rules(settings: Settings) -> HttpRules:
    """Return where requests of flows may go from a worker."""
    return HttpRules(
        allowed=settings.http_allowed_networks,
        denied=settings.http_denied_networks,
        response_size_bytes=settings.http_response_size_bytes,
        download_size_bytes=settings.http_download_size_bytes,
        redirects=settings.http_redirects,
        time=settings.http_time,
    )


def indexers(core: Core, index: Index, pace: Pace = IN_CLUSTER, count: int = 1) -> list[Indexer]:
    """Return members of the indexers' group: one with this machine's name there, the others with a thread's behind it."""
    member, showing = core.settings.member, Showing(index)
    names = [member, *(f"{member}.thread-{number}" for number in range(2, count + 1))]
    return [_indexer(core, index, pace, name, showing) for name in names]


def _indexer(core: Core, index: Index, pace: Pace, member: str, showing: Showing) -> Indexer:
    turn = Turn()
    assignment = Assignment(turn.assigned, turn.revoked)
    log = core.broker.log(Reading(TOPICS, group=GROUP, member=member, assignment=assignment))
    sweep = Sweep(index, core.broker, core.settings.retention, utc_now)

    def chore() -> None:
        if turn.is_ours():
            sweep.step()

    return Indexer(log, index, pace, core.files, chore=chore, showing=showing)


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
        encrypt=core.encrypt,
        surroundings=core.settings.surroundings(),
        files=core.files,
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
    return KafkaTopics(broker.cluster, (settings.worker_group,), facts_retention_s(settings))


def facts_retention_s(settings: Settings) -> float | None:
    """Return how long facts of what has ended are kept; None: for ever."""
    return None if settings.facts_retention is None else settings.facts_retention.total_seconds()


def elastic(settings: Settings, generation: int | None = None) -> ElasticIndex:
    """Return the cluster's index, or a generation of it that is being built; it connects when it is used."""
    return ElasticIndex(_elastic_client(settings), settings.index_prefix, _layout(settings), generation)


def elastic_generations(settings: Settings) -> ElasticGenerations:
    """Return the generations of the cluster's index."""
    return ElasticGenerations(_elastic_client(settings), settings.index_prefix, _layout(settings))


def _layout(settings: Settings) -> Layout:
    return Layout(settings.index_replicas, settings.index_lifecycle)


def _elastic_client(settings: Settings) -> Elasticsearch:
    user, password, api_key = (
        settings.elasticsearch_username,
        settings.elasticsearch_password,
        settings.elasticsearch_api_key,
    )
    ca_certs = settings.elasticsearch_ca_certs
    return Elasticsearch(
        list(settings.elasticsearch_hosts),
        api_key=api_key.get_secret_value() if api_key else None,
        basic_auth=(user, password.get_secret_value() if password else "") if user else None,
        ca_certs=DEFAULT if ca_certs is None else str(ca_certs),
        request_timeout=ELASTIC_TIMEOUT_S,
    )
