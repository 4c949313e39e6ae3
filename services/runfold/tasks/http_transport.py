"""
The way out for requests of flows: each connection goes to an address that the rules let through.

The name is resolved once, the answer is judged, and that very address is connected to; so a name
that answers differently a moment later leads nowhere else. Redirects come through here too.
"""

import ssl
from collections.abc import Iterable
from functools import cache
from typing import Final

import httpx

from runfold.tasks.http_rules import HttpRules

PORTS: Final = {"http": 80, "https": 443}


@cache
def authorities() -> ssl.SSLContext:
    """Return what certificates are checked against: read once, it takes longer than most requests."""
    return ssl.create_default_context()


class Unreached(httpx.RequestError):
    """The rules do not let a request through to this host."""


class PinnedTransport(httpx.BaseTransport):
    """Sends each request to an address that was judged. `trusted`: certificates are checked."""

    def __init__(self, rules: HttpRules, *, trusted: bool = True) -> None:
        self._rules = rules
        self._inner = httpx.HTTPTransport(verify=authorities() if trusted else False, trust_env=False)

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        """Send a request. Raises: Unreached, httpx.HTTPError."""
        host = request.url.host
        failed: httpx.TransportError | None = None
        for address in self._addresses(request):
            try:
                return self._inner.handle_request(_to(address, request))
            except (httpx.ConnectError, httpx.ConnectTimeout) as error:
                failed = error  # nothing was sent yet: the host's next address may answer
        raise failed or Unreached(f"The host {host} has no address")

    def close(self) -> None:
        """Close all connections."""
        self._inner.close()

    def _addresses(self, request: httpx.Request) -> Iterable[str]:
        url = request.url
        if url.scheme not in PORTS:
            raise httpx.UnsupportedProtocol(f"Requests go by http or https, not {url.scheme[:20]}")
        try:
            found = self._rules.reached(url.host, url.port or PORTS[url.scheme])
        except (OSError, ValueError) as error:
            raise httpx.ConnectError(f"The host {url.host} can't be found: {error}") from error
        if not found:
            raise Unreached(
                f"Requests to {url.host} are not allowed: it is no public address. The worker's settings "
                "http_allowed_networks and http_denied_networks say what is reached"
            )
        return found


def _to(address: str, request: httpx.Request) -> httpx.Request:
    """Return the same request to an address; its head and the certificate's name stay those of the host."""
    host = request.url.host
    return httpx.Request(
        request.method,
        request.url.copy_with(host=address),
        headers=request.headers.raw,
        stream=request.stream,
        extensions={**request.extensions, "sni_hostname": host},
    )
