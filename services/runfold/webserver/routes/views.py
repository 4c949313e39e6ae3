"""Saved views: searches with a name."""

from typing import Any, Final

import msgspec
from fastapi import APIRouter
from pydantic import BaseModel, ConfigDict, Field
from pydantic.alias_generators import to_camel
from starlette.responses import Response

from runfold.documents.view import COLUMNS_MAX, NAME_LENGTH_MAX, PAGES, QUERY_LENGTH_MAX, View
from runfold.errors import BadRequest
from runfold.webserver.answers import Json
from runfold.webserver.parts import Given, Parts

router = APIRouter(prefix="/views", tags=["views"])

TEXT_LENGTH_MAX: Final = 500


class ViewBody(BaseModel):
    """A view as it is sent."""

    model_config = ConfigDict(alias_generator=to_camel, populate_by_name=True)

    name: str = Field(min_length=1, max_length=NAME_LENGTH_MAX)
    page: str = Field(description=f"One of {', '.join(PAGES)}")
    query: str = Field("", max_length=QUERY_LENGTH_MAX, description="In the grammar of the search")
    owner: str | None = Field(None, max_length=NAME_LENGTH_MAX)
    columns: list[str] = Field([], max_length=COLUMNS_MAX)
    sort: str | None = Field(None, max_length=NAME_LENGTH_MAX, description="field:asc or field:desc")
    time_range: str | None = Field(None, max_length=NAME_LENGTH_MAX, description="An ISO duration back from now")
    chart: bool = True
    description: str | None = Field(None, max_length=TEXT_LENGTH_MAX)

    def view(self, view_id: str, parts: Parts) -> View:
        """Return the view. Raises: BadRequest."""
        if self.page not in PAGES:
            raise BadRequest(f"Invalid page: {self.page[:50]!r} is none of {', '.join(PAGES)}")
        return View(id=view_id, updated=parts.clock(), **self.model_dump() | {"columns": tuple(self.columns)})


@router.get("")
def views(parts: Given, page: str | None = None) -> Json:
    """Return all views (of one page), those built in first."""
    return Json([_json(view) for view in parts.views.all(page)])


@router.post("")
def create(body: ViewBody, parts: Given) -> Json:
    """Save a view under a new id."""
    return Json(_json(parts.views.put(body.view(parts.new_id(), parts))))


@router.get("/{view_id}")
def get(view_id: str, parts: Given) -> Json:
    """Return a view."""
    return Json(_json(parts.views.get(view_id)))


@router.put("/{view_id}")
def update(view_id: str, body: ViewBody, parts: Given) -> Json:
    """Save a view in place of the one of that id."""
    parts.views.get(view_id)
    return Json(_json(parts.views.put(body.view(view_id, parts))))


@router.delete("/{view_id}", status_code=204)
def delete(view_id: str, parts: Given) -> Response:
    """Delete a view."""
    parts.views.delete(view_id)
    return Response(status_code=204)


def _json(view: View) -> dict[str, Any]:
    """Return every field, those too that a record leaves out because they are as usual."""
    fields = {to_camel(name): msgspec.to_builtins(value) for name, value in msgspec.structs.asdict(view).items()}
    return {name: value for name, value in fields.items() if value is not None}
