"""Reading the addresses among the settings. A message says what is wrong, never the value."""

import re
from email.utils import parseaddr
from ipaddress import IPv4Network, IPv6Network, ip_address, ip_network
from pathlib import Path
from urllib.parse import SplitResult, urlsplit

MEMORY = "memory://"
_POSTGRESQL = "postgresql+asyncpg://"
_SQLITE = "sqlite+aiosqlite://"
_DATABASES = {
    "postgresql://": _POSTGRESQL,
    "postgres://": _POSTGRESQL,
    _POSTGRESQL: _POSTGRESQL,
    "sqlite://": _SQLITE,
    _SQLITE: _SQLITE,
}
_DEFAULT_PORTS = {"http": 80, "https": 443}
_HOST_NAME = re.compile(r"[a-z0-9_]([a-z0-9_-]*[a-z0-9_])?(\.[a-z0-9_]([a-z0-9_-]*[a-z0-9_])?)*\.?")
_UNPRINTABLE = re.compile(r"[\x00-\x20\x7f-\xa0\u2028\u2029]")


def database_url(text: str) -> str:
    """Return the address with the driver that Doorward uses in it.

    ``sslmode``, which every PostgreSQL client but asyncpg calls by that name, becomes ``ssl``.
    """
    if text == MEMORY:
        return text
    for written, driven in _DATABASES.items():
        if text.startswith(written):
            address = driven + text.removeprefix(written)
            break
    else:
        raise ValueError("is none of postgresql://…, sqlite:///path and memory://")
    if driven == _SQLITE:
        if sqlite_file(address) is None:
            raise ValueError("names no file; write sqlite:///path, or memory:// to keep nothing")
        return address
    if not urlsplit(address).hostname:
        raise ValueError("names no host; write postgresql://user:password@host:5432/database")
    return re.sub(r"([?&])sslmode=", r"\1ssl=", address)


def sqlite_file(address: str) -> Path | None:
    """Return the file that a SQLite address names, None for any other address."""
    if not address.startswith(_SQLITE + "/"):
        return None
    name = address.removeprefix(_SQLITE + "/").partition("?")[0].removeprefix("file:")
    return None if name in {"", ":memory:"} else Path(name)


def origin(text: str) -> str:
    """Return the origin as a browser writes it (RFC 6454, section 6.2), without a last slash."""
    text = text.rstrip("/")
    parts = _web_address(text)
    if parts.path or parts.query or parts.fragment:
        raise ValueError("has a path; write scheme, host and port only")
    if parts.port == _DEFAULT_PORTS[parts.scheme]:
        raise ValueError("names the scheme's own port; leave it out, as browsers do")
    if text != text.lower():
        raise ValueError("has capital letters; write it in lower case, as browsers do")
    return text


def origins(text: object) -> object:
    """Return the origins in a comma list. ``*`` and ``null`` are none (HD-2)."""
    if not isinstance(text, str):
        return text
    return tuple(dict.fromkeys(origin(item) for item in _items(text)))


def page_url(text: str) -> str:
    """Return the address under which pages live, without a last slash."""
    text = text.rstrip("/")
    parts = _web_address(text)
    if parts.query or parts.fragment:
        raise ValueError("has a query or a fragment; write scheme, host, port and path only")
    return text


def is_loopback(address: str) -> bool:
    """Tell whether a web address points at this machine only."""
    return is_loopback_host(urlsplit(address).hostname or "")


def is_loopback_host(host: str) -> bool:
    """Tell whether a name or an IP address stands for this machine only."""
    if host == "localhost" or host.endswith(".localhost"):
        return True
    try:
        return ip_address(host.strip("[]")).is_loopback
    except ValueError:
        return False


def networks(text: object) -> object:
    """Return the networks in a comma list of CIDRs and addresses (RL-3)."""
    if not isinstance(text, str):
        return text
    return tuple(_network(item) for item in _items(text))


def smtp_url(text: str) -> str:
    """Return the address of a mail server."""
    parts = _split(text)
    if parts.scheme not in {"smtp", "smtps"} or not parts.hostname:
        raise ValueError("is no mail server; write smtp://[user:password@]host[:port] or smtps://…")
    return text


def mailbox(text: str) -> str:
    """Return the one mailbox that mail comes from, as ``Name <local@domain>`` or bare."""
    if any(ord(c) < ord(" ") or ord(c) == 127 for c in text):
        raise ValueError("has a control character in it")
    local_part, at, domain = parseaddr(text)[1].rpartition("@")
    if not (at and local_part and domain):
        raise ValueError("is no mailbox; write Name <local@domain>")
    return text


def mail_domain(sender: str) -> str:
    """Return the domain of a mailbox, in lower case."""
    return parseaddr(sender)[1].rpartition("@")[2].lower()


def _web_address(text: str) -> SplitResult:
    parts = _split(text)
    if parts.scheme not in _DEFAULT_PORTS or not parts.hostname:
        raise ValueError("is no web address; write https://host or http://host:port")
    if parts.username is not None or parts.password is not None:
        raise ValueError("has a user name in it; write scheme, host and port only")
    if ":" not in parts.hostname and not _HOST_NAME.fullmatch(parts.hostname):
        raise ValueError("has a host that is no name and no address")
    return parts


def _split(text: str) -> SplitResult:
    if _UNPRINTABLE.search(text) or "\\" in text:
        raise ValueError("has a character in it that no address has")
    try:
        parts = urlsplit(text)
        if parts.port == 0:
            raise ValueError
    except ValueError:
        # Raised anew, since the library's own words repeat what was written.
        raise ValueError("is no address; look at its host and port") from None
    return parts


def _network(item: str) -> IPv4Network | IPv6Network:
    try:
        network = ip_network(item)
    except ValueError:
        raise ValueError("has an entry that is no address and no CIDR such as 10.0.0.0/8") from None
    if network.prefixlen == 0:
        raise ValueError("trusts the whole Internet; name the proxies")
    return network


def _items(text: str) -> list[str]:
    return [item.strip() for item in text.split(",") if item.strip()]
