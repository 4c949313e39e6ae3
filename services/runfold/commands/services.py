"""
`runfold executor|worker|indexer|webserver`: one service each, on Kafka and Elasticsearch.

A backend that is away is waited for; any other error ends the process with an exit code
that is not 0, and its supervisor starts it again.
"""

import logging
import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Final, Protocol

import typer

from runfold import assembly
from runfold.adapters.flow_store import FlowStore
from runfold.adapters.kafka_broker import KafkaBroker
from runfold.adapters.log_search import indexed_logs
from runfold.assembly import Core
from runfold.commands.serving import HostOption, Listener, PortOption, serve
from runfold.commands.terminal import ConfigOption, errors_told, settings_for
from runfold.ports import Index
from runfold.runtime import end_when_frozen, run, run_all, settle, stop_on_signals, until_available
from runfold.settings import Settings
from runfold.webserver.tail import Tail

app = typer.Typer()
logger = logging.getLogger(__name__)

THREADS_MAX: Final = 16

MemberOption = Annotated[
    str | None,
    typer.Option(help="This process's name in its group: lasting, and its own. [default: RUNFOLD_MEMBER or the host]"),
]


class Service(Protocol):
    """What runs in steps."""

    def step(self) -> None: ...
    def close(self) -> None: ...


@app.command()
def executor(*, member: MemberOption = None, config: ConfigOption = None) -> None:
    """Decide what follows from claims: the engine itself. Start more to share the partitions."""
    with errors_told():
        settings = _settings(config, member)
        with stop_on_signals() as stop, _cluster(settings) as cluster:
            _run("executor", lambda: [assembly.executor(cluster.ready(), cluster.flows())], stop)


@app.command()
def worker(*, config: ConfigOption = None) -> None:
    """Run tasks. Start more to run more of them at a time."""
    with errors_told():
        settings = _settings(config, None)
        with stop_on_signals() as stop, _cluster(settings) as cluster:
            _run("worker", lambda: [_Worker(cluster.ready(), cluster.index())], stop)


@app.command()
def indexer(
    *,
    member: MemberOption = None,
    threads: Annotated[
        int,
        typer.Option(min=1, max=THREADS_MAX, help="Members of the group here: one reads while another one stores."),
    ] = 2,
    config: ConfigOption = None,
) -> None:
    """Make executions, task runs, logs and metrics searchable. Start more to share the partitions."""
    with errors_told():
        settings = _settings(config, member)
        with stop_on_signals() as stop, _cluster(settings) as cluster:
            _run("indexer", lambda: assembly.indexers(cluster.ready(), cluster.index(), count=threads), stop)


@app.command()
def webserver(*, host: HostOption = "127.0.0.1", port: PortOption = 8080, config: ConfigOption = None) -> None:
    """Answer the REST API."""
    with errors_told():
        settings = _settings(config, None)
        listener = Listener(host, port)
        with _cluster(settings) as cluster:
            with stop_on_signals() as stop:
                made = until_available(lambda: (cluster.ready(), cluster.flows(), Tail(cluster.broker)), stop)
            if made is None:
                return
            core, flows, tail = made
            cluster.closing.callback(tail.close)
            web = assembly.api(core, cluster.index(), flows, tail)
            serve(web, listener, {"tail": tail.step}, lambda _: logger.info("webserver ready on %s", listener.url))


def _settings(config: Path | None, member: str | None) -> Settings:
    settings = settings_for(config)
    return settings.model_copy(update={"member": member}) if member else settings


@dataclass(frozen=True)
class _Cluster:
    """Kafka and Elasticsearch as one service of a process uses them."""

    settings: Settings
    broker: KafkaBroker
    core: Core
    closing: ExitStack

    def ready(self) -> Core:
        """Return what services share, once all topics are there. Raises: Unavailable."""
        topics = assembly.kafka_topics(self.settings, self.broker)
        topics.require(create=self.settings.create_topics)
        return self.core

    def flows(self) -> FlowStore:
        return FlowStore(self.broker, self.core.types)

    def index(self) -> Index:
        index = assembly.elastic(self.settings)
        self.closing.callback(index.close)
        return index


@contextmanager
def _cluster(settings: Settings) -> Iterator[_Cluster]:
    with ExitStack() as closing:
        closing.enter_context(end_when_frozen())
        broker = assembly.kafka(settings)
        closing.callback(broker.close)
        yield _Cluster(settings, broker, assembly.core(settings, broker), closing)


class _Worker:
    """A worker that is closed as services are."""

    def __init__(self, core: Core, index: Index) -> None:
        self._worker = assembly.worker(core, indexed_logs(index), index)
        self.step = self._worker.step

    def close(self) -> None:
        self._worker.close(assembly.GRACE_S)


def _run(name: str, make: Callable[[], Sequence[Service]], stop: threading.Event) -> None:
    """Run what is made, several in a thread each, until `stop`. Raises: the error that one died of."""
    services = until_available(make, stop)
    if services is None:
        return
    with ExitStack() as closing:
        for service in services:
            closing.callback(service.close)
        logger.info("%s ready", name)
        settle()
        if len(services) == 1:
            run(services[0].step, stop)
        else:
            run_all({f"{name}-{number}": service.step for number, service in enumerate(services, 1)}, stop)
    logger.info("%s ended", name)
