"""Free ports for servers that are stopped and started again on the same one."""

import random
import socket
from typing import Final

#: Below the range from which systems give ports to outgoing connections: it stays free while a server is down.
FIRST: Final = 20_000
LAST: Final = 31_999
TRIES: Final = 200


def free_port() -> int:
    """Return a port on which nothing listens now."""
    for _ in range(TRIES):
        port = random.randint(FIRST, LAST)  # noqa: S311 - no secret
        if is_free(port):
            return port
    raise OSError(f"No free port found between {FIRST} and {LAST}")


def is_free(port: int) -> bool:
    """Return whether a server could listen on `port`."""
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)  # connections that linger are no hindrance
        try:
            probe.bind(("127.0.0.1", port))
        except OSError:
            return False
    return True
