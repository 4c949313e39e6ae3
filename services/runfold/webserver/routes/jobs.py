"""Deeds on many executions or task runs: chosen by ids or by a search, tried first, then done; and the jobs they become."""

from collections.abc import Iterable, Iterator
from functools import lru_cache
from itertools import islice
from typing import Any, Final

from fastapi import APIRouter
from pydantic import BaseModel, ConfigDict, Field
from pydantic.alias_generators import to_camel
from starlette.responses import Response

from runfold.documents.model import Document, Kind
from runfold.documents.query import Filter
from runfold.errors import BadRequest
from runfold.webserver.answers import Json, json_bytes
from runfold.webserver.deeds import ACTIONS, Deed, Item, deed_of, done
from runfold.webserver.jobs import AT_ONCE_MAX, Job, summary
from runfold.webserver.parts import Given, Parts
from runfold.webserver.routes.query import ExecutionFilter, TaskRunFilter, where
from runfold.webserver.said import ACTOR_LENGTH_MAX, NOTE_LENGTH_MAX, SAID, Said

IDS_MAX: Final = 10_000
FOUND_MAX: Final = 1_000_000
"""A search that finds more than these is refused: nobody means that."""

EXECUTIONS_KNOWN_MAX: Final = 1_000

router = APIRouter(tags=["many at once"])


class Asked(BaseModel):
    """What is to be done, to what, and whether only to try it."""

    model_config = ConfigDict(alias_generator=to_camel, populate_by_name=True)

    action: str = Field(description=f"One of {', '.join(ACTIONS)}")
    ids: list[str] | None = Field(None, max_length=IDS_MAX)
    where: dict[str, Any] | None = Field(None, description="The parameters of a search: all that it finds")
    dry_run: bool = False
    note: str | None = Field(None, max_length=NOTE_LENGTH_MAX, description="Why; kept with what is done")
    actor: str | None = Field(None, max_length=ACTOR_LENGTH_MAX)
    parameters: dict[str, Any] = Field(
        {}, description="state of changeState, labels of labels, deleteLogs... of delete"
    )

    def wanted(self, model: type[ExecutionFilter], parts: Parts) -> Filter | None:
        """Return the filter that chooses; None: ids do. Raises: BadRequest."""
        if (self.ids is None) == (self.where is None):
            raise BadRequest("Give either `ids` or `where`: what is to be done to all is said by an empty `where`")
        if self.where is None:
            return None
        return where(model, self.where).filter(parts.clock())


@router.post("/executions/bulk")
def executions(asked: Asked, parts: Given) -> Response:
    """Do something to executions, or say what it would do to each."""
    return _bulk(parts, asked, Kind.EXECUTIONS, ExecutionFilter)


@router.post("/taskruns/bulk")
def taskruns(asked: Asked, parts: Given) -> Response:
    """Do something to task runs (or to their executions), or say what it would do to each."""
    return _bulk(parts, asked, Kind.TASKRUNS, TaskRunFilter)


@router.get("/jobs")
def jobs(parts: Given) -> Json:
    """Return the jobs of this server, the newest first, without their results."""
    return Json([{**job.json(), "results": []} for job in parts.jobs.all()])


@router.get("/jobs/{job_id}")
def job(job_id: str, parts: Given) -> Json:
    """Return how far a job is, with its last results."""
    return Json(parts.jobs.get(job_id).json())


def _bulk(parts: Parts, asked: Asked, kind: Kind, model: type[ExecutionFilter]) -> Response:
    deed = deed_of(asked.action, kind, asked.parameters)
    wanted = asked.wanted(model, parts)
    said = SAID.get()
    SAID.set(Said(asked.actor or said.actor, asked.note or said.note))
    about = {"action": asked.action, "dryRun": asked.dry_run}
    if wanted is None:
        ids = list(dict.fromkeys(asked.ids or ()))
        found, missing = _known(parts, kind, ids)
        if len(found) > AT_ONCE_MAX and not asked.dry_run:
            return _job(parts, asked, deed, len(found), found)
        body = dict(summary(done(parts, deed, _items(parts, found), is_dry=asked.dry_run), **about))
        body["results"] += [{"id": one, "executionId": None, "ok": False, "message": "not found"} for one in missing]
        body["count"] += len(missing)
        body["refused"] += len(missing)
        return Json(body)
    total = parts.index.count(kind, wanted).total
    if total > FOUND_MAX:
        raise BadRequest(f"The query finds more than {FOUND_MAX}: narrow it, by dates for example")
    documents = parts.reader.matching(kind, wanted)
    if asked.dry_run:
        tried = done(parts, deed, _items(parts, islice(documents, AT_ONCE_MAX)), is_dry=True)
        return Json(summary(tried, **about, total=total))
    if total > AT_ONCE_MAX:
        return _job(parts, asked, deed, total, documents)
    return Json(summary(done(parts, deed, _items(parts, documents), is_dry=False), **about))


def _job(
    parts: Parts, asked: Asked, deed: Deed, total: int, documents: Iterator[Document] | list[Document]
) -> Response:
    begun = Job(parts.new_id(), asked.action, total, parts.clock())
    parts.jobs.start(begun, lambda: done(parts, deed, _items(parts, documents), is_dry=False))
    body = {"action": asked.action, "dryRun": False, "count": total, "job": {"id": begun.id}, "results": []}
    return Response(json_bytes(body), 202, media_type="application/json")


def _known(parts: Parts, kind: Kind, ids: list[str]) -> tuple[list[Document], list[str]]:
    found, missing = [], []
    for one in ids:
        document = parts.reader.document(kind, one)
        if document is None:
            missing.append(one)
        else:
            found.append(document)
    return found, missing


def _items(parts: Parts, documents: Iterable[Document]) -> Iterator[Item]:
    """Yield each with its execution; task runs of one stand together mostly, so it is asked for once."""
    known = lru_cache(EXECUTIONS_KNOWN_MAX)(lambda execution_id: parts.reader.document(Kind.EXECUTIONS, execution_id))
    for document in documents:
        execution = document if document.kind is Kind.EXECUTIONS else known(document.body["executionId"])
        if execution is not None:
            yield Item(document, execution)
