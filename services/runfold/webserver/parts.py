"""What the routes work with: everything from outside, put together once at the start."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from functools import cached_property
from typing import Annotated, Any

from fastapi import Depends, Query, Request
from starlette.concurrency import run_in_threadpool

from runfold.adapters.file_storage import MemoryFiles
from runfold.adapters.flow_store import FlowStore
from runfold.adapters.view_store import ViewStore
from runfold.execution.request import render_for
from runfold.flows.expressions import Expressions
from runfold.flows.inputs import Render
from runfold.flows.model import Flow
from runfold.flows.task import TaskTypes
from runfold.plugins.json_schema import Schemas
from runfold.ports import Broker, Files, Index
from runfold.webserver.freshness import Freshness, read_tokens
from runfold.webserver.jobs import Jobs
from runfold.webserver.past import Pasts
from runfold.webserver.reading import Reader
from runfold.webserver.tail import Tail


@dataclass(frozen=True)
class Parts:
    """
    The services behind the API.

    `new_id`: a fresh id, for claims and executions. `encrypt`: of secret inputs; None: no key is configured.
    `surroundings`: what templates of inputs see besides (envs, globals).
    """

    broker: Broker
    index: Index
    flows: FlowStore
    tail: Tail
    types: TaskTypes
    expressions: Expressions
    clock: Callable[[], datetime]
    new_id: Callable[[], str]
    encrypt: Callable[[str], str] | None = None
    surroundings: Mapping[str, Any] = field(default_factory=dict)
    files: Files = field(default_factory=MemoryFiles)

    def render_for(self, flow: Flow) -> Render:
        """Return what renders templates of a flow that has no execution yet."""
        return render_for(flow, self.expressions.evaluate, self.surroundings)

    @cached_property
    def schemas(self) -> Schemas:
        """The JSON Schemas of the types; made when they are first asked for."""
        return Schemas(self.types)

    @cached_property
    def views(self) -> ViewStore:
        """The saved views, read when the first one is asked for."""
        return ViewStore(self.broker)

    @cached_property
    def pasts(self) -> Pasts:
        """What is remembered of executions' pasts."""
        return Pasts(self.broker)

    @cached_property
    def jobs(self) -> Jobs:
        """What is being done to many at once."""
        return Jobs(self.clock)

    @cached_property
    def freshness(self) -> Freshness:
        """How far the index is."""
        return Freshness(self.index, self.tail, self.clock)

    @property
    def reader(self) -> Reader:
        """What is known: of the index and the tail together."""
        return Reader(self.index, self.tail, self.freshness)


def _parts(request: Request) -> Parts:
    parts = request.app.state.parts
    assert isinstance(parts, Parts)  # noqa: S101 - `create_app` put it there
    return parts


Given = Annotated[Parts, Depends(_parts)]
"""A route's parameter that is the parts."""


async def read_your_writes(
    parts: Given,
    after: Annotated[
        str | None, Query(description="Tokens of answers to writes: the answer to this request shows what they did")
    ] = None,
) -> None:
    """Wait, if `after` says so, until the index shows certain writes. Raises: BadRequest, Unavailable."""
    if after is not None:
        await run_in_threadpool(parts.freshness.wait, read_tokens(after))
