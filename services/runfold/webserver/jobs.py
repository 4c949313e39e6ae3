"""
What was done to many items, and the jobs that many items are.

Jobs live in this process's memory: what a job has asked for is safe in the log, and after a restart of
the server the rest is asked for again by whoever wants it.
"""

import logging
import threading
from collections import deque
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextvars import copy_context
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Final

from runfold.documents.instants import instant_text
from runfold.errors import NotFound, RunfoldError, Unavailable

AT_ONCE_MAX: Final = 200
"""More items than these are a job."""

RESULTS_MAX: Final = 1_000
"""Of a job, so many of the last results are kept."""

JOBS_MAX: Final = 100
RUNNING_MAX: Final = 4

logger = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Result:
    """What became of one item; `words`: what was (or would be) done, or why not."""

    id: str
    execution_id: str
    is_ok: bool
    words: str
    created: str | None = None
    """The execution that it became."""

    def json(self) -> dict[str, Any]:
        """Return it as the API answers it."""
        key = "would" if self.is_ok else "message"
        json = {"id": self.id, "executionId": self.execution_id, "ok": self.is_ok, key: self.words}
        return json if self.created is None else json | {"createdExecutionId": self.created}


@dataclass(slots=True)
class Job:
    """One job; its thread writes, any other reads."""

    id: str
    action: str
    total: int
    begun: datetime
    done: int = 0
    ok: int = 0
    ended: datetime | None = None
    error: str | None = None
    results: deque[Result] = field(default_factory=lambda: deque(maxlen=RESULTS_MAX))

    def json(self) -> dict[str, Any]:
        """Return the job as the API answers it."""
        json: dict[str, Any] = {
            "id": self.id,
            "action": self.action,
            "total": self.total,
            "done": self.done,
            "ok": self.ok,
            "refused": self.done - self.ok,
            "startedAt": instant_text(self.begun),
            "results": [result.json() for result in list(self.results)],
        }
        if self.ended is not None:
            json["endedAt"] = instant_text(self.ended)
        return json if self.error is None else json | {"error": self.error}


class Jobs:
    """The jobs of this process; the oldest ended ones are forgotten."""

    def __init__(self, clock: Callable[[], datetime]) -> None:
        self._clock = clock
        self._lock = threading.Lock()
        self._jobs: dict[str, Job] = {}

    def get(self, job_id: str) -> Job:
        """Return a job. Raises: NotFound."""
        found = self._jobs.get(job_id)
        if found is None:
            raise NotFound(f"There is no job {job_id}, or it ended long ago")
        return found

    def all(self) -> list[Job]:
        """Return the jobs, the newest first."""
        return list(reversed(self._jobs.values()))

    def start(self, job: Job, results: Callable[[], Iterator[Result]]) -> Job:
        """Begin a job: a thread goes through its results. Raises: Unavailable: too many run."""
        with self._lock:
            running = [each for each in self._jobs.values() if each.ended is None]
            if len(running) >= RUNNING_MAX:
                raise Unavailable(f"{RUNNING_MAX} jobs run already")
            for old in [each.id for each in self._jobs.values() if each.ended is not None][: -JOBS_MAX + 1 or None]:
                if len(self._jobs) >= JOBS_MAX:
                    del self._jobs[old]
            self._jobs[job.id] = job
        context = copy_context()  # who asked, and why
        thread = threading.Thread(target=context.run, args=(self._run, job, results), daemon=True, name=f"job {job.id}")
        thread.start()
        return job

    def _run(self, job: Job, results: Callable[[], Iterator[Result]]) -> None:
        try:
            for result in results():
                job.results.append(result)
                job.done += 1
                job.ok += result.is_ok
        except RunfoldError as error:
            job.error = str(error)
        except Exception:
            job.error = "A fault of the server; its log says more"
            logger.exception("Job %s stopped", job.id)
        finally:
            job.ended = self._clock()


def summary(results: Iterable[Result], **more: Any) -> Mapping[str, Any]:
    """Return results, counted, as the API answers them."""
    listed = list(results)
    ok = sum(result.is_ok for result in listed)
    return {
        **more,
        "count": len(listed),
        "ok": ok,
        "refused": len(listed) - ok,
        "results": [result.json() for result in listed],
    }
