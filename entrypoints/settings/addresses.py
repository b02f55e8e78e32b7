"""Reading the addresses among the settings. A message says what is wrong, never the value."""

import re
from ipaddress import IPv4Network, IPv6Address, IPv6Network, ip_network
from pathlib import Path

from adapters.addresses.database import MEMORY, PostgresqlAddress, SqliteAddress
from adapters.addresses.database import database_address as read_database
from adapters.addresses.mail_server import SmtpServer
from adapters.addresses.url import Url, host_and_port, is_ip_address, is_loopback_host
from domain.mail.sender import Sender

__all__ = [
    "MEMORY", "database_url", "domain", "host", "is_ip_address", "is_loopback",
    "is_loopback_host", "mail_domain", "mailbox", "networks", "origin", "origins", "page_url",
    "passkey_origins", "postgresql_place", "smtp_url", "sqlite_file",
]  # fmt: skip

_DEFAULT_PORTS = {"http": 80, "https": 443}
_OUTSIDE_ASCII = re.compile(r"[^\x21-\x7e]")
_MAPPED = 96
_APP_ORIGIN = re.compile(r"[a-z][a-z0-9+.-]*://[a-z0-9._-]+(:[1-9][0-9]{0,4})?")
# Those of the web are looked at more closely; pages from the others have the origin `null`.
_NO_APP_SCHEMES = tuple(
    f"{scheme}:" for scheme in ("http", "https", "ws", "wss", "ftp", "file", "data", "blob",
                                "about", "javascript")
)  # fmt: skip


def database_url(text: str) -> str:
    """Return the address of a database, having read it."""
    read_database(text)
    return text


def sqlite_file(address: str) -> Path | None:
    """Return the file that a SQLite address names, None for any other address."""
    read = read_database(address)
    return Path(read.file) if isinstance(read, SqliteAddress) else None


def postgresql_place(address: str) -> str | None:
    """Return ``database on host:port``, without a login; None for any other address."""
    read = read_database(address)
    if not isinstance(read, PostgresqlAddress):
        return None
    hosts = ", ".join(_place(host, port) for host, port in read.hosts)
    return f"{read.database or 'default'} on {hosts}"


def _place(host: str, port: int) -> str:
    if host.startswith("/"):
        return host
    return f"[{host}]:{port}" if ":" in host else f"{host}:{port}"


def origin(text: str) -> str:
    """Return the origin as a browser writes it (RFC 6454, section 6.2), without a last slash."""
    text = text.rstrip("/")
    if "?" in text:
        raise ValueError("has a query; write scheme, host and port only")
    url, port = _web_address(text)
    if url.path:
        raise ValueError("has a path; write scheme, host and port only")
    if port == _DEFAULT_PORTS[url.scheme]:
        raise ValueError("names the scheme's own port; leave it out, as browsers do")
    if text != text.lower():
        raise ValueError("has capital letters; write it in lower case, as browsers do")
    return text


def origins(text: object) -> object:
    """Return the origins in a comma list. ``*`` and ``null`` are none (HD-2).

    Those of hybrid apps have schemes of their own, such as ``capacitor://localhost``.
    """
    if not isinstance(text, str):
        return text
    return tuple(dict.fromkeys(_page_origin(item) for item in _items(text)))


def _page_origin(text: str) -> str:
    if _APP_ORIGIN.fullmatch(text.rstrip("/")) and not text.startswith(_NO_APP_SCHEMES):
        return text.rstrip("/")
    return origin(text)


def words(text: object) -> object:
    """Return the words in a comma list, each once, in small letters."""
    if not isinstance(text, str):
        return text
    return tuple(dict.fromkeys(item.lower() for item in _items(text)))


def passkey_origins(text: object) -> object:
    """Return the origins in a comma list; browsers have passkeys on these alone (WebAuthn).

    They are those of https, and of http on this machine's own names.
    """
    if not isinstance(text, str):
        return text
    found = tuple(dict.fromkeys(origin(item) for item in _items(text)))
    if not found:
        raise ValueError("names no origin; leave it out for PUBLIC_URL")
    for each in found:
        name = host(each)
        if is_ip_address(name):
            raise ValueError("has an IP address for a host; browsers have passkeys on names only")
        if each.startswith("http:") and not is_loopback_host(name):
            raise ValueError("has an origin without TLS; write https://, or http://localhost")
    return found


def domain(text: str) -> str:
    """Return the domain that passkeys are made for, as browsers write it."""
    if "/" in text or ":" in text:
        raise ValueError("is no domain; leave out scheme, port and path")
    name, _ = host_and_port(text)
    if is_ip_address(name):
        raise ValueError("is an IP address; browsers make passkeys for domains only")
    if name != text or text.endswith("."):
        raise ValueError("is no domain as browsers write it; use lower case and no last dot")
    return text


def host(origin: str) -> str:
    """Return the host of an origin, an IPv6 address without its brackets."""
    return Url.parse(origin).host_and_port()[0]


def page_url(text: str) -> str:
    """Return the address under which pages live, without a last slash."""
    text = text.rstrip("/")
    if "?" in text:
        raise ValueError("has a query; write scheme, host, port and path only")
    _web_address(text)
    return text


def is_loopback(address: str) -> bool:
    """Tell whether a web address points at this machine only."""
    return is_loopback_host(host(address))


def networks(text: object) -> object:
    """Return the networks in a comma list of CIDRs and addresses (RL-3)."""
    if not isinstance(text, str):
        return text
    return tuple(_network(item) for item in _items(text))


def smtp_url(text: str) -> str:
    """Return the address of a mail server, having read it."""
    SmtpServer.parse(text)
    return text


def mailbox(text: str) -> str:
    """Return the one mailbox that mail comes from, as ``Name <local@domain>`` or bare."""
    Sender.parse(text)
    return text


def mail_domain(sender: str) -> str:
    """Return the domain of a mailbox, in lower case and in ASCII."""
    return Sender.parse(sender).domain


def _web_address(text: str) -> tuple[Url, int | None]:
    if text.partition(":")[0].lower() not in _DEFAULT_PORTS:
        raise ValueError("is no web address; write https://host or http://host:port")
    if _OUTSIDE_ASCII.search(text) or "\\" in text:
        raise ValueError("has a character in it that no web address has")
    url = Url.parse(text)
    if "@" in text.partition("://")[2].partition("/")[0]:
        raise ValueError("has a user name in it; write scheme, host and port only")
    _, port = url.host_and_port()
    if "%" in url.hosts:
        raise ValueError("has an escape in its host; write the host as it is")
    if url.hosts.endswith(":") or (port is not None and not url.hosts.endswith(f":{port}")):
        raise ValueError("has a port that browsers write differently; write it plainly")
    return url, port


def _network(item: str) -> IPv4Network | IPv6Network:
    try:
        network = _as_ipv4(ip_network(item))
    except ValueError:
        raise ValueError("has an entry that is no address and no CIDR such as 10.0.0.0/8") from None
    if network.prefixlen == 0:
        raise ValueError("trusts the whole Internet; name the proxies")
    return network


def _as_ipv4(network: IPv4Network | IPv6Network) -> IPv4Network | IPv6Network:
    """Return a network of IPv4 addresses inside IPv6 ones as what clients' addresses come as."""
    inner = network.network_address
    if isinstance(inner, IPv6Address) and inner.ipv4_mapped and network.prefixlen >= _MAPPED:
        return ip_network((inner.ipv4_mapped, network.prefixlen - _MAPPED))
    return network


def _items(text: str) -> list[str]:
    return [item.strip() for item in text.split(",") if item.strip()]
