"""Where a request comes from, when any client may write ``X-Forwarded-For`` (RL-3)."""

import re
from collections.abc import Iterable
from functools import lru_cache
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address, ip_network

type Network = IPv4Network | IPv6Network
type Address = IPv4Address | IPv6Address

_MOST_HOPS = 64
_PORT = rb"(?::[0-9]{1,5})?"
_ZONE = rb"(?:%[0-9A-Za-z._~-]{1,32})?"
_HOP = re.compile(
    rb'"?(?:([0-9.]{7,15})' + _PORT + rb"|\[([0-9A-Fa-f:.]{2,45}" + _ZONE + rb")\]" + _PORT
    + rb"|([0-9A-Fa-f:.]{2,45}" + _ZONE + rb'))"?'
)  # fmt: skip


def client_address(
    peer: str | None, forwarded_for: Iterable[bytes], trusted: tuple[Network, ...]
) -> str | None:
    """Return the address that a request may be held to.

    That is the socket's peer, unless the peer is a trusted proxy: then the right-most hop in
    ``X-Forwarded-For`` that is none. A header with anything but addresses up to that hop says
    nothing, and the peer stands. A hop may have a port, brackets, quotes or a zone, which do not
    count; an empty one is none (RFC 9110, 5.6.1). An IPv4 address inside an IPv6 one comes out as
    IPv4. None only if the socket has no address at all.
    """
    direct = _parse(peer) if peer is not None else None
    if direct is None:
        return None
    if trusted and _is_trusted(direct, trusted):
        return _written(_origin(b",".join(forwarded_for), trusted) or direct)
    return _written(direct)


@lru_cache(maxsize=4096)
def rate_key(address: str | None) -> str:
    """Return what requests from this address are counted under: an IPv6 address by its /64."""
    parsed = _parse(address) if address is not None else None
    if parsed is None:
        return "unknown"
    if parsed.version == 4:
        return str(parsed)
    return str(ip_network((parsed, 64), strict=False))


def _origin(header: bytes, trusted: tuple[Network, ...]) -> Address | None:
    """Return the right-most untrusted hop; the first one if all are trusted."""
    hop: Address | None = None
    hops = [member for each in header.split(b",") if (member := each.strip(b" \t"))]
    for member in reversed(hops[-_MOST_HOPS:]):
        hop = _hop(member)
        if hop is None or not _is_trusted(hop, trusted):
            return hop
    return hop


def _hop(member: bytes) -> Address | None:
    """Return the address of one member of the list; None for anything else."""
    written = _HOP.fullmatch(member)
    if written is None:
        return None
    bare = next(group for group in written.groups() if group is not None)
    return _parse(bare.decode("ascii"))


def _is_trusted(address: Address, trusted: tuple[Network, ...]) -> bool:
    return any(address in network for network in trusted)


@lru_cache(maxsize=4096)
def _written(address: Address) -> str:
    return str(address)


@lru_cache(maxsize=4096)
def _parse(text: str) -> Address | None:
    """Return the address without its zone, which only this machine knows; None if it is none."""
    bare, zone, _ = text.partition("%")
    try:
        address = ip_address(bare)
    except ValueError:
        return None
    if isinstance(address, IPv6Address):
        return address.ipv4_mapped or address
    return None if zone else address
