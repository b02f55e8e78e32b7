"""The parts of a URL (RFC 3986). Every address among the settings is read here, and here only.

The standard library's ``urlsplit`` is not used: it raises with the user name and the password in
its text where a character of them turns into a delimiter under NFKC, takes unknown escapes as
they are, and reads a ``#`` in a password as the end of the address.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from ipaddress import ip_address
from types import MappingProxyType

PERCENT_ENCODE = "in a user name, a password, a path or an option write %23 for #, %25 for %, "
PERCENT_ENCODE += "%2F for /, %3A for :, %3F for ?, %40 for @"

_PARTS = re.compile(
    r"(?P<scheme>[A-Za-z][A-Za-z0-9+.-]*)://(?P<authority>[^/?#]*)(?P<path>[^?#]*)"
    r"(?P<query>\?[^#]*)?(?P<fragment>#.*)?",
    re.DOTALL,
)
_UNPRINTABLE = re.compile(r"[\x00-\x1f\x7f-\xa0\u2028\u2029\ud800-\udfff]")
_ESCAPE = re.compile(rb"%([0-9A-Fa-f]{2})")
_BAD_ESCAPE = re.compile(r"%(?![0-9A-Fa-f]{2})")
_HOST_NAME = re.compile(
    r"(?=.{1,254}\Z)[a-z0-9_]([a-z0-9_-]{0,61}[a-z0-9_])?"
    r"(\.[a-z0-9_]([a-z0-9_-]{0,61}[a-z0-9_])?)*\.?",
    re.IGNORECASE,
)
_PORT = re.compile(r"[0-9]{1,5}")


@dataclass(frozen=True, slots=True, kw_only=True)
class Url:
    """``scheme://[user[:password]@]authority[/path][?name=value&…]``, decoded but for ``hosts``."""

    scheme: str
    """In lower case."""
    user: str | None
    password: str | None = field(repr=False)
    hosts: str
    """What stands between the user and the path, as it was written."""
    path: str
    """With its first slash."""
    options: Mapping[str, str] = field(repr=False)

    @classmethod
    def parse(cls, text: str) -> "Url":
        """Read an address.

        Raises ``ValueError``, whose text says what to write instead and repeats nothing of it.
        """
        if _UNPRINTABLE.search(text):
            raise ValueError("has a character in it that no address has; percent-encode it")
        if (parts := _PARTS.fullmatch(text)) is None:
            raise ValueError("is no address; write scheme://host")
        if parts["fragment"] is not None:
            raise ValueError(f"has a # in it; {PERCENT_ENCODE}")
        if parts["authority"] and _is_cut_short(parts):
            raise ValueError(f"has an @ behind its host; {PERCENT_ENCODE}")
        login, at, hosts = parts["authority"].rpartition("@")
        user, colon, password = login.partition(":")
        if at and colon and not user:
            raise ValueError("has a password and no user name")
        return cls(
            scheme=parts["scheme"].lower(),
            user=decoded(user) or None,
            password=decoded(password) if colon else None,
            hosts=hosts,
            path=decoded(parts["path"]),
            options=_options(parts["query"] or ""),
        )

    def host_and_port(self) -> tuple[str, int | None]:
        """Return the one host, in lower case, and its port if it names one.

        Raises ``ValueError`` where there is none, or more than one.
        """
        return host_and_port(self.hosts)


def host_and_port(text: str) -> tuple[str, int | None]:
    """Return ``host``, ``host:port``, ``1.2.3.4`` or ``[::1]:port`` as its parts, in lower case.

    Raises ``ValueError`` for what is no name (RFC 1123), no IP address and no port.
    """
    if text.startswith("["):
        host, bracket, port = text[1:].partition("]")
        host, port = decoded(host), port.removeprefix(":") if port.startswith(":") else port
        if not bracket or ":" not in host or not is_ip_address(host):
            raise ValueError("has a host in brackets that is no IPv6 address")
    else:
        host, _, port = text.partition(":")
        host = decoded(host)
        if not _HOST_NAME.fullmatch(host):
            raise ValueError("has a host that is no name and no address")
        if host.replace(".", "").isdigit() and not is_ip_address(host):
            raise ValueError("has a host that is no name and no address")
    return host.lower(), port_number(port) if port else None


def port_number(text: str) -> int:
    """Return the port, 1 to 65535; raise ``ValueError`` for anything else."""
    if not _PORT.fullmatch(text) or not 1 <= int(text) <= 65535:
        raise ValueError("has a port that is no number from 1 to 65535")
    return int(text)


def is_ip_address(text: str) -> bool:
    """Tell whether this is an IPv4 or an IPv6 address."""
    try:
        ip_address(text)
    except ValueError:
        return False
    return True


def is_loopback_host(host: str) -> bool:
    """Tell whether a name or an IP address stands for this machine only (RFC 6761)."""
    if host == "localhost" or host.endswith(".localhost"):
        return True
    host = host.strip("[]")
    return is_ip_address(host) and ip_address(host).is_loopback


def decoded(text: str) -> str:
    """Return the text with its escapes resolved; raise ``ValueError`` for what is none."""
    if _BAD_ESCAPE.search(text):
        raise ValueError(f"has a % that begins no escape; {PERCENT_ENCODE}")
    try:
        plain = _ESCAPE.sub(lambda found: bytes([int(found[1], 16)]), text.encode()).decode()
    except UnicodeError:
        raise ValueError("has escapes in it that are no UTF-8") from None
    if "\0" in plain:
        raise ValueError("has a NUL character in it")
    return plain


def _is_cut_short(parts: re.Match[str]) -> bool:
    """Tell whether a password with a / or a ? in it may have ended the authority too early.

    What is left of it would be taken for a host and looked up, and the rest told as a path. Pages
    on the Web may have an @ in their path, and no user name.
    """
    if parts["scheme"].lower() in {"http", "https"}:
        return False
    query = "" if "@" in parts["authority"] else parts["query"] or ""
    return "@" in parts["path"] or (":" in parts["authority"] and "@" in query)


def _options(query: str) -> Mapping[str, str]:
    found: dict[str, str] = {}
    for item in query[1:].split("&"):
        name, equals, value = item.partition("=")
        if not item:
            continue
        if not equals or not name:
            raise ValueError(
                f"has an option without a value; write ?name=value, and {PERCENT_ENCODE}"
            )
        name = decoded(name)
        if name in found:
            raise ValueError("has an option twice; write each once")
        found[name] = decoded(value)
    return MappingProxyType(found)
