"""The API's application: routers, errors, the web page, and the page of all operations."""

from typing import Final

from fastapi import APIRouter, Depends, FastAPI
from starlette.responses import HTMLResponse, RedirectResponse

import runfold
from runfold.webserver.errors import handle_errors
from runfold.webserver.freshness import Tokens
from runfold.webserver.operations import operations_page
from runfold.webserver.parts import Parts, read_your_writes
from runfold.webserver.routes import (
    actions,
    bulk,
    configs,
    control,
    executions,
    export,
    expressions,
    figures,
    files,
    flow_parts,
    flow_sets,
    flows,
    graphs,
    history,
    jobs,
    kv,
    logs,
    metrics,
    namespaces,
    plugins,
    queries,
    startable,
    starting,
    stats,
    taskruns,
    templates,
    views,
    watch,
    webhook,
)
from runfold.webserver.safety import Safety
from runfold.webserver.said import hear
from runfold.webserver.ui import is_built, page_routes

PREFIX: Final = "/api/v1"
TENANT: Final = "/api/v1/main"
"""Where clients of later versions look for the same routes."""

ROUTERS: Final = (
    configs.router,
    flow_parts.router,
    flow_sets.router,
    flows.router,
    templates.router,
    webhook.router,
    jobs.router,
    watch.router,  # before one of each: `watch` is no id
    figures.router,  # as `watch`
    export.router,  # as `watch`
    startable.router,
    executions.router,
    actions.router,
    files.router,
    history.router,
    graphs.router,
    flow_sets.namespace_router,
    starting.router,  # before the actions: it knows which of its two free steps are theirs
    bulk.router,  # before the actions on one
    control.router,
    taskruns.router,
    queries.router,
    logs.router,
    metrics.router,
    stats.router,
    expressions.router,
    namespaces.router,
    plugins.router,
    kv.router,
    views.router,
)


def create_app(parts: Parts) -> FastAPI:
    """Return the application over `parts`."""
    app = described()
    app.state.parts = parts
    return app


def described() -> FastAPI:
    """Return the application without anything behind it: it can say what it offers."""
    app = FastAPI(
        title="Runfold",
        version=runfold.__version__,
        description="Runs flows, and finds every task run.",
        docs_url=None,
        redoc_url=None,
    )
    app.add_middleware(Tokens)
    app.add_middleware(Safety, prefix="/api")
    handle_errors(app)
    api = APIRouter(dependencies=[Depends(read_your_writes), Depends(hear)])
    for router in ROUTERS:
        api.include_router(router)
    app.include_router(api, prefix=PREFIX)
    app.include_router(api, prefix=TENANT, include_in_schema=False)
    app.include_router(configs.health_router)

    @app.get("/docs", include_in_schema=False)
    def docs() -> HTMLResponse:
        return HTMLResponse(operations_page(app.openapi()))

    app.router.routes.extend(page_routes())

    @app.get("/", include_in_schema=False)
    def root() -> RedirectResponse:
        return RedirectResponse("ui/" if is_built() else "docs")

    return app
