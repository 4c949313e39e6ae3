"""
What a step wrote, until it is acknowledged.

Everything leaves in the order it was put in, in as few commits as the limits allow; the
records that it answers are confirmed by the last of them. After `Unavailable` the rest is
still here, and goes first the next time.
"""

from collections.abc import Iterable, Sequence
from typing import Final

from runfold.ports import Log, Message
from runfold.worker.progress import Progress

COMMIT_MAX: Final = 2_000
"""Messages of one commit."""

COMMIT_SIZE_MAX: Final = 16 * 1024 * 1024
"""Bytes of one commit, the last message not counted."""


class Outbox:
    """See the module. One thread's."""

    def __init__(self, log: Log, progress: Progress) -> None:
        self._log = log
        self._progress = progress
        self._messages: list[Message] = []

    def __len__(self) -> int:
        return len(self._messages)

    def put(self, messages: Iterable[Message]) -> None:
        """Keep `messages` for the next flush."""
        self._messages.extend(messages)

    def flush(self, passing: Sequence[Message] = ()) -> None:
        """
        Write all, and confirm what is answered. `passing` is not kept if that fails.

        Raises:
            Unavailable: Call again later.
        """
        while (count := self._first_commit()) < len(self._messages):
            self._log.commit((), self._messages[:count])
            del self._messages[:count]
        read = self._progress.confirmable()
        if read or passing or self._messages:
            self._log.commit(read, [*self._messages, *passing])
            self._messages.clear()
            self._progress.confirmed(read)

    def _first_commit(self) -> int:
        size_bytes = 0
        candidates = self._messages[:COMMIT_MAX]
        for count, message in enumerate(candidates):
            if size_bytes >= COMMIT_SIZE_MAX:
                return count
            size_bytes += len(message.value or b"")
        return len(candidates)
