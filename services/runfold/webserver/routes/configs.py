"""What the web page asks first, and what a supervisor asks all the time."""

from fastapi import APIRouter

import runfold
from runfold.documents.model import Kind
from runfold.documents.query import PAGE_SIZE_MAX, Query
from runfold.errors import Unavailable
from runfold.topology import EXECUTIONS
from runfold.webserver.answers import Json
from runfold.webserver.parameters import SYSTEM_NAMESPACE
from runfold.webserver.parts import Given

router = APIRouter(tags=["server"])
health_router = APIRouter(tags=["server"])


@router.get("/configs")
def configs() -> Json:
    """Return what this server can do."""
    return Json(
        {
            "version": runfold.__version__,
            "isTaskRunEnabled": True,
            "isCustomDashboardsEnabled": False,
            "isTemplateEnabled": True,
            "isAnonymousUsageEnabled": False,
            "isBasicAuthEnabled": False,
            "systemNamespace": SYSTEM_NAMESPACE,
            "hiddenLabelsPrefixes": ["system."],
            "pageSizeMax": PAGE_SIZE_MAX,
        }
    )


@health_router.get("/health")
def health() -> Json:
    """Say that the process is alive."""
    return Json({"status": "UP"})


@health_router.get("/health/ready")
def ready(parts: Given) -> Json:
    """Say that the log and the index answer. Raises: Unavailable."""
    if not parts.broker.partitions(EXECUTIONS):
        raise Unavailable("The topics are not there yet")
    parts.index.search(Query(Kind.EXECUTIONS, size=1))
    return Json({"status": "UP"})
