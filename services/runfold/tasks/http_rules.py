"""
Where requests of flows may go, and how large and long they may be.

Pure but for the default resolver. Rule: an address is judged, never a name, and the address
that was judged is the one that is connected to.
"""

import socket
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import timedelta
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address, ip_network
from typing import Final

Network = IPv4Network | IPv6Network
Address = IPv4Address | IPv6Address
Resolve = Callable[[str, int], Iterable[str]]

INSIDE: Final = (ip_network("168.63.129.16/32"),)
"""Addresses that look public and are a cloud's own: Azure's."""

NAT64: Final = IPv6Network("64:ff9b::/96")
COMPATIBLE: Final = IPv6Network("::/96")


def system_resolve(host: str, port: int) -> list[str]:
    """Return the addresses of a host as this machine finds them. Raises: OSError."""
    found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    return list(dict.fromkeys(str(entry[4][0]) for entry in found))


@dataclass(frozen=True, slots=True)
class HttpRules:
    """
    Which addresses are reached, and limits.

    Of all networks of `allowed` and `denied` that hold an address the narrowest decides, `denied` if
    both are as narrow. Without any, only public addresses are reached.
    """

    allowed: tuple[Network, ...] = ()
    denied: tuple[Network, ...] = ()
    response_size_bytes: int = 10 * 1024**2
    download_size_bytes: int = 10 * 1024**3
    redirects: int = 10
    time: timedelta = timedelta(hours=1)
    resolve: Resolve = system_resolve

    def reached(self, host: str, port: int) -> list[str]:
        """Return the addresses of a host that may be connected to. Raises: OSError."""
        return [address for address in self.resolve(host, port) if self.is_reached(address)]

    def is_reached(self, address: str) -> bool:
        """Return whether an address may be connected to."""
        found = ip_address(address.partition("%")[0])
        return all(self._is_reached(meant) for meant in _meant(found))

    def _is_reached(self, address: Address) -> bool:
        allowed, denied = _narrowest(self.allowed, address), _narrowest(self.denied, address)
        if allowed < 0 and denied < 0:
            return is_public(address)
        return allowed > denied


def is_public(address: Address) -> bool:
    """Return whether an address is one of the internet: not of a machine, a link, a private net, a group."""
    is_inside = any(address in network for network in INSIDE if network.version == address.version)
    return address.is_global and not address.is_multicast and not address.is_reserved and not is_inside


def _narrowest(networks: Iterable[Network], address: Address) -> int:
    holding = (net.prefixlen for net in networks if net.version == address.version and address in net)
    return max(holding, default=-1)


def _meant(address: Address) -> list[Address]:
    """Return the address and, of an IPv6 one, the IPv4 address that it may lead to."""
    if isinstance(address, IPv4Address):
        return [address]
    if address.ipv4_mapped is not None:
        return [address.ipv4_mapped]
    inner = address.sixtofour or (address.teredo[1] if address.teredo else None)
    if address in NAT64 or (address in COMPATIBLE and int(address) > 1):
        inner = IPv4Address(int(address) & 0xFFFFFFFF)
    return [address] if inner is None else [address, inner]
