"""
The saved views, as the topic `views` has them, in this process's memory.

The rule is that of the flows: what was written has been read back before the writer goes on.
"""

import logging
import threading
import time
from collections.abc import Sequence
from typing import Final

import msgspec

from runfold.documents.view import BUILT_IN, View
from runfold.errors import BadRequest, Conflict, NotFound, Unavailable
from runfold.ports import Broker, Message, Reading, Record
from runfold.topology import VIEWS

BATCH_MAX: Final = 1_000
POLL_S: Final = 0.05
OWN_WRITE_S: Final = 10.0
VIEWS_MAX: Final = 5_000

logger = logging.getLogger(__name__)

_view = msgspec.json.Decoder(View)


class ViewStore:
    """All saved views and those built in; for any number of threads."""

    def __init__(self, broker: Broker) -> None:
        self._broker = broker
        self._lock = threading.RLock()
        self._views: dict[str, View] = {}
        self._log = broker.log(Reading((VIEWS,)))
        for record in broker.history(VIEWS):
            self._take(record)

    def all(self, page: str | None = None) -> Sequence[View]:
        """Return the views (of one page), those built in first, then by name."""
        self._refresh()
        with self._lock:
            saved = sorted(self._views.values(), key=lambda view: (view.name.lower(), view.id))
        return [view for view in (*BUILT_IN, *saved) if page is None or view.page == page]

    def get(self, view_id: str) -> View:
        """Return a view. Raises: NotFound."""
        found = next((view for view in self.all() if view.id == view_id), None)
        if found is None:
            raise NotFound(f"There is no view {view_id}")
        return found

    def put(self, view: View) -> View:
        """
        Store a view, in place of the one of that id.

        Raises:
            Conflict: That one is built in.
            BadRequest: There are too many.
            Unavailable: It is not known whether it is stored.
        """
        self._check(view.id)
        with self._lock:
            if view.id not in self._views and len(self._views) >= VIEWS_MAX:
                raise BadRequest(f"There are {VIEWS_MAX} saved views already: delete some")
            self._write(view.id, view)
        return view

    def delete(self, view_id: str) -> None:
        """Remove a view. Raises: Conflict, NotFound, Unavailable."""
        self._check(view_id)
        self.get(view_id)
        with self._lock:
            self._write(view_id, None)

    def _check(self, view_id: str) -> None:
        if any(view.id == view_id for view in BUILT_IN):
            raise Conflict(f"The view {view_id} is built in: save a copy under another name")

    def _write(self, view_id: str, view: View | None) -> None:
        self._broker.publish([Message(VIEWS, view_id, None if view is None else msgspec.json.encode(view))])
        deadline_s = time.monotonic() + OWN_WRITE_S
        while self._views.get(view_id) != view:
            if time.monotonic() >= deadline_s:
                raise Unavailable(f"The view {view_id} was written and does not come back")
            self._refresh(POLL_S)

    def _refresh(self, wait_s: float = 0) -> None:
        with self._lock:
            while records := self._log.poll(BATCH_MAX, wait_s):
                wait_s = 0
                for record in records:
                    self._take(record)

    def _take(self, record: Record) -> None:
        if record.key is None:
            return
        if record.value is None:
            self._views.pop(record.key, None)
            return
        try:
            self._views[record.key] = _view.decode(record.value)
        except msgspec.MsgspecError as error:
            logger.warning("No view: %s %d/%d: %s", record.topic, record.partition, record.offset, error)
