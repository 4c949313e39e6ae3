"""The API's application: routers, errors, the page about it all."""

from typing import Final

from fastapi import APIRouter, FastAPI
from starlette.responses import HTMLResponse, RedirectResponse

import runfold
from runfold.webserver.errors import handle_errors
from runfold.webserver.operations import operations_page
from runfold.webserver.parts import Parts
from runfold.webserver.routes import (
    configs,
    control,
    executions,
    expressions,
    files,
    flows,
    kv,
    logs,
    namespaces,
    starting,
    taskruns,
    webhook,
)

PREFIX: Final = "/api/v1"
TENANT: Final = "/api/v1/main"
"""Where clients of later versions look for the same routes."""

ROUTERS: Final = (
    configs.router,
    flows.router,
    webhook.router,
    executions.router,
    files.router,
    starting.router,  # before the actions: it knows which of its two free steps are theirs
    control.router,
    taskruns.router,
    logs.router,
    expressions.router,
    namespaces.router,
    kv.router,
)


def create_app(parts: Parts) -> FastAPI:
    """Return the application over `parts`."""
    app = FastAPI(
        title="Runfold",
        version=runfold.__version__,
        description="Runs flows, and finds every task run.",
        docs_url=None,
        redoc_url=None,
    )
    app.state.parts = parts
    handle_errors(app)
    api = APIRouter()
    for router in ROUTERS:
        api.include_router(router)
    app.include_router(api, prefix=PREFIX)
    app.include_router(api, prefix=TENANT, include_in_schema=False)
    app.include_router(configs.health_router)

    @app.get("/docs", include_in_schema=False)
    def docs() -> HTMLResponse:
        return HTMLResponse(operations_page(app.openapi()))

    @app.get("/", include_in_schema=False)
    def root() -> RedirectResponse:
        return RedirectResponse("docs")

    return app
