"""Where a request comes from, when any client may write ``X-Forwarded-For`` (RL-3)."""

from collections.abc import Iterable
from functools import lru_cache
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address, ip_network

type Network = IPv4Network | IPv6Network
type Address = IPv4Address | IPv6Address

_MOST_HOPS = 64


def client_address(
    peer: str | None, forwarded_for: Iterable[bytes], trusted: tuple[Network, ...]
) -> str | None:
    """Return the address that a request may be held to.

    That is the socket's peer, unless the peer is a trusted proxy: then the right-most hop in
    ``X-Forwarded-For`` that is none. A header with anything but addresses up to that hop says
    nothing, and the peer stands. An IPv4 address inside an IPv6 one comes out as IPv4. None
    only if the socket has no address at all.
    """
    direct = _parse(peer) if peer is not None else None
    if direct is None:
        return None
    if trusted and _is_trusted(direct, trusted):
        return str(_origin(b",".join(forwarded_for), trusted) or direct)
    return str(direct)


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
    for text in reversed(header.split(b",")[-_MOST_HOPS:]):
        try:
            hop = _parse(text.strip(b" \t").decode("ascii"))
        except UnicodeDecodeError:
            return None
        if hop is None or not _is_trusted(hop, trusted):
            return hop
    return hop


def _is_trusted(address: Address, trusted: tuple[Network, ...]) -> bool:
    return any(address in network for network in trusted)


@lru_cache(maxsize=4096)
def _parse(text: str) -> Address | None:
    """Return the address; None for anything else, a port or a zone included."""
    try:
        address = ip_address(text)
    except ValueError:
        return None
    if isinstance(address, IPv6Address):
        if address.scope_id is not None:
            return None
        return address.ipv4_mapped or address
    return address
