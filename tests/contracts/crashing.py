"""
A process that turns claims into facts until it is killed.

Arguments: kind, address, prefix, and how many polls it takes before it stands still with
records in its hand ("0": never). It says "holding" then.
"""

import sys
import time

from runfold.ports import Message, Reading
from tests.contracts.sites import Site

STEP_MAX = 7


def main() -> None:
    kind, address, prefix, polls = sys.argv[1:5]
    broker = Site(kind, address, prefix).open()
    log = broker.log(Reading(("claims",), group="executor", exactly_once=True, member="one"))
    left = int(polls)
    while True:
        read = log.poll(STEP_MAX, 1.0)
        if read and left:
            left -= 1
            if left == 0:
                print("holding", flush=True)  # noqa: T201 - the parent reads it
                time.sleep(600)  # until it is killed
        if read:
            written = [Message("facts", record.key, record.value) for record in read]
            written += [Message("executions", record.key, record.value) for record in read]
            log.commit(read, written)
            print(len(read), flush=True)  # noqa: T201


if __name__ == "__main__":
    main()
