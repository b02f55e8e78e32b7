"""The address of a database: what PostgreSQL's own tools write, or the path of a SQLite file.

The options of PostgreSQL are libpq's (PostgreSQL documentation, "Parameter Key Words"). Those that
Doorward's driver can do are read, and the rest are refused with the reason: an option that is
passed over in silence could be the one that was to protect the password.
"""

import os
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Final, Literal

from adapters.addresses.url import (
    PERCENT_ENCODE,
    Url,
    decoded,
    host_and_port,
    is_ip_address,
    port_number,
)

MEMORY: Final = "memory://"
DEFAULT_PORT = 5432

type SessionKind = Literal["any", "read-write", "read-only", "primary", "standby", "prefer-standby"]
type TlsMode = Literal["disable", "allow", "prefer", "require", "verify-ca", "verify-full"]

_KINDS: tuple[SessionKind, ...] = (
    "any", "read-write", "read-only", "primary", "standby", "prefer-standby",
)  # fmt: skip
_MODES: tuple[TlsMode, ...] = (
    "disable", "allow", "prefer", "require", "verify-ca", "verify-full",
)  # fmt: skip
_STRICT_MODES = _MODES[3:]
_TLS_VERSIONS = ("TLSv1", "TLSv1.1", "TLSv1.2", "TLSv1.3")
_TLS_WORDS: Mapping[str, tuple[str, ...]] = MappingProxyType(
    {
        "sslmode": _MODES,
        "ssl_min_protocol_version": _TLS_VERSIONS,
        "ssl_max_protocol_version": _TLS_VERSIONS,
        "sslnegotiation": ("postgres", "direct"),
    }
)
_TLS_FILES = ("sslrootcert", "sslcert", "sslkey", "sslcrl", "sslpassword")

# Who writes these means what Doorward's driver does anyway.
_AS_IT_IS: Mapping[str, frozenset[str]] = MappingProxyType(
    {
        "channel_binding": frozenset({"disable", "prefer"}),
        "gssencmode": frozenset({"disable", "prefer"}),
        "sslcompression": frozenset({"0"}),
        "sslsni": frozenset({"1"}),
        "sslcertmode": frozenset({"allow"}),
        "client_encoding": frozenset({"utf8", "UTF8", "utf-8", "UTF-8", "auto"}),
        "gssdelegation": frozenset({"0"}),
        "replication": frozenset({"false", "off", "no", "0"}),
        "keepalives": frozenset({"1"}),
        "async_fallback": frozenset({"false"}),
    }
)
_CANNOT: Mapping[str, str] = MappingProxyType(
    {
        "channel_binding": "the driver cannot bind to the TLS channel; leave it out, and write "
        "sslmode=verify-full, which keeps out the same attacker",
        "gssencmode": "the driver knows no GSSAPI; leave it out",
        "sslcompression": "the driver compresses nothing; leave it out",
        "sslsni": "the driver always names the host; leave it out",
        "sslcertmode": "the driver sends the certificate that sslcert names; leave it out",
        "client_encoding": "Doorward speaks UTF-8; leave it out",
        "replication": "Doorward does not replicate; leave it out",
        "service": "Doorward reads no service file; write out what it holds",
        "servicefile": "Doorward reads no service file; write out what it holds",
        "hostaddr": "the driver looks the host up itself; leave it out",
        "krbsrvname": "the driver knows no GSSAPI; leave it out",
        "gsslib": "the driver knows no GSSAPI; leave it out",
        "gssdelegation": "the driver knows no GSSAPI; leave it out",
        "requirepeer": "the driver does not ask who runs the server; leave it out",
        "require_auth": "the driver takes what the server asks for; leave it out",
        "sslcrldir": "the driver reads one file; write sslcrl",
        "min_protocol_version": "the driver speaks 3.0; leave it out",
        "max_protocol_version": "the driver speaks 3.0; leave it out",
        "fallback_application_name": "write application_name",
        "keepalives": "Doorward sets its own; leave it out",
        "keepalives_idle": "Doorward sets its own; leave it out",
        "keepalives_interval": "Doorward sets its own; leave it out",
        "keepalives_count": "Doorward sets its own; leave it out",
        "tcp_user_timeout": "Doorward sets its own; leave it out",
        "statement_timeout": "Doorward sets its own; leave it out",
        "command_timeout": "Doorward sets its own; leave it out",
        "timeout": "write connect_timeout",
        "pool_size": "write DATABASE_POOL_SIZE",
        "scram_client_key": "the driver needs the password itself",
        "scram_server_key": "the driver needs the password itself",
        "oauth_issuer": "the driver cannot sign in with OAuth; leave it out",
        "oauth_client_id": "the driver cannot sign in with OAuth; leave it out",
        "oauth_client_secret": "the driver cannot sign in with OAuth; leave it out",
        "oauth_scope": "the driver cannot sign in with OAuth; leave it out",
    }
)
_ONE_SETTING = re.compile(r"(?:-c\s*|--)([A-Za-z_][A-Za-z0-9_.-]*)=((?:\\.|[^\s\\])*)(?:\s+|\Z)")
_OURS = frozenset(
    {
        "application_name", "client_encoding", "default_transaction_isolation",
        "default_transaction_read_only", "idle_in_transaction_session_timeout", "lock_timeout",
        "statement_timeout", "standard_conforming_strings", "tcp_keepalives_count",
        "tcp_keepalives_idle", "tcp_keepalives_interval", "timezone",
    }
)  # fmt: skip
_LONGEST_CONNECT = 600
_LONGEST_FOLDER = 107 - len("/.s.PGSQL.65535")
"""A socket's path has 107 bytes at most (Linux, unix(7))."""


@dataclass(frozen=True, slots=True, kw_only=True)
class PostgresqlAddress:
    """Where a PostgreSQL server is, and how to connect to it."""

    hosts: tuple[tuple[str, int], ...]
    """Each a name, an IP address or the folder of a socket, with its port."""
    user: str | None
    password: str | None = field(repr=False)
    passfile: str | None
    database: str | None
    tls: Mapping[str, str] = field(repr=False)
    """``sslmode`` and what goes with it, under libpq's names."""
    application_name: str | None
    connect_timeout: float | None
    """Seconds for each host."""
    session_kind: SessionKind
    at_random: bool
    """Whether the hosts are tried in a random order."""
    server_settings: Mapping[str, str]
    """What ``options`` sets for each session."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SqliteAddress:
    """The file of a SQLite database."""

    file: str


type DatabaseAddress = PostgresqlAddress | SqliteAddress


def database_address(text: str) -> DatabaseAddress | None:
    """Read the address of a database; None for ``memory://``.

    Raises ``ValueError``, whose text says what to write instead and repeats nothing of it.
    """
    if text == MEMORY:
        return None
    scheme = text.partition(":")[0].lower()
    if scheme in {"sqlite", "sqlite+aiosqlite"}:
        return _sqlite(Url.parse(text))
    if scheme in {"postgresql", "postgres", "postgresql+asyncpg"}:
        return _postgresql(Url.parse(text))
    raise ValueError("is none of postgresql://…, sqlite:///path and memory://")


def _sqlite(url: Url) -> SqliteAddress:
    file = url.path.removeprefix("/")
    if url.hosts or url.user:
        raise ValueError("names a host; write sqlite:///path, with four slashes if it is absolute")
    if url.options:
        raise ValueError("has options, which no file has; write sqlite:///path, and %3F for a ?")
    if file in {"", ":memory:"}:
        raise ValueError("names no file; write sqlite:///path, or memory:// to keep nothing")
    if file.startswith("file:"):
        raise ValueError("has a second address in it; write sqlite:///path")
    if file.startswith("~"):
        raise ValueError("has a ~ in it, which stands for no folder here; write the whole path")
    if file.endswith("/"):
        raise ValueError("names a folder; write the path of a file")
    return SqliteAddress(file=file)


def _postgresql(url: Url) -> PostgresqlAddress:
    options = dict(url.options)
    if "ssl" in options and "sslmode" not in options:
        # SQLAlchemy's name for it; libpq and others know `ssl=true` as well.
        mode = options.pop("ssl")
        options["sslmode"] = "require" if mode == "true" else mode
    for alias in ("dbname", "database"):
        if alias in options and url.path.strip("/"):
            raise ValueError(f"names the database twice; leave {alias} out")
    if "dbname" in options and "database" in options:
        raise ValueError("names the database twice; leave one out")
    user = _either("user", url.user, options.pop("user", None))
    password = _either("password", url.password, options.pop("password", None))
    if password is not None and user is None:
        raise ValueError("has a password and no user name")
    address = PostgresqlAddress(
        hosts=_hosts(url.hosts, options.pop("host", ""), options.pop("port", "")),
        user=user,
        password=password,
        passfile=options.pop("passfile", None) or None,
        database=options.pop("dbname", options.pop("database", url.path.removeprefix("/"))) or None,
        tls=_tls(options),
        application_name=options.pop("application_name", None) or None,
        connect_timeout=_seconds(options.pop("connect_timeout", None)),
        session_kind=_one_of(
            "target_session_attrs", options.pop("target_session_attrs", "any"), _KINDS
        ),
        at_random=_one_of(
            "load_balance_hosts",
            options.pop("load_balance_hosts", "disable"),
            ("disable", "random"),
        )
        == "random",
        server_settings=_server_settings(options.pop("options", "")),
    )
    _refuse(options)
    return address


def _either(name: str, first: str | None, second: str | None) -> str | None:
    if first is not None and second is not None:
        raise ValueError(f"names the {name} twice; leave one out")
    return (first or second) or None


def _hosts(authority: str, option: str, ports: str) -> tuple[tuple[str, int], ...]:
    if authority and option:
        raise ValueError("names hosts in two places; leave one out")
    numbers = [port_number(each) if each else DEFAULT_PORT for each in ports.split(",")]
    names = (authority or option).split(",")
    if len(numbers) not in {1, len(names)}:
        raise ValueError("has another number of ports than of hosts")
    numbers = numbers * len(names) if len(numbers) == 1 else numbers
    found = []
    for name, number in zip(names, numbers, strict=True):
        host, port = _host(name, decoded(name) if authority else name)
        if port is not None and ports:
            raise ValueError("names ports in two places; leave one out")
        found.append((host, port or number))
    return tuple(found)


def _host(written: str, plain: str) -> tuple[str, int | None]:
    if not plain:
        raise ValueError("names no host; write postgresql://user:password@host:5432/database")
    if plain.startswith("/"):
        folder, _, port = written.rpartition(":") if ":" in written else (written, "", "")
        found = (decoded(folder), port_number(port)) if port else (plain.removesuffix(":"), None)
        if len(os.fsencode(found[0])) > _LONGEST_FOLDER:
            raise ValueError(f"has the folder of a socket with more than {_LONGEST_FOLDER} bytes")
        return found
    if plain.startswith("@"):
        raise ValueError("has an abstract socket for a host; name a folder")
    if plain.count(":") > 1 and is_ip_address(plain):
        return plain, None  # host=::1, which an option may hold without brackets
    return host_and_port(written)


def _tls(options: dict[str, str]) -> Mapping[str, str]:
    """Take out and return what concerns TLS."""
    # A file without a name is as good as none.
    found = {name: file for name in _TLS_FILES if (file := options.pop(name, ""))}
    for name, words in _TLS_WORDS.items():
        if name in options:
            found[name] = _one_of(name, options.pop(name), words)
    if found.get("sslrootcert") == "system":
        found.setdefault("sslmode", "verify-full")
    _ensure_tls_fits(found)
    return MappingProxyType(found)


def _ensure_tls_fits(tls: Mapping[str, str]) -> None:
    mode = tls.get("sslmode")
    if tls.get("sslrootcert") == "system" and (mode != "verify-full" or "sslcrl" in tls):
        raise ValueError("has sslrootcert=system, which needs sslmode=verify-full and no sslcrl")
    if "sslkey" in tls and "sslcert" not in tls:
        raise ValueError("has sslkey without sslcert")
    lowest = tls.get("ssl_min_protocol_version", _TLS_VERSIONS[0])
    if lowest > tls.get("ssl_max_protocol_version", _TLS_VERSIONS[-1]):
        raise ValueError("has ssl_min_protocol_version above ssl_max_protocol_version")
    if tls.get("sslnegotiation") == "direct" and mode not in _STRICT_MODES:
        raise ValueError("has sslnegotiation=direct, which needs sslmode=require or stricter")


def _one_of[W: str](name: str, value: str, words: tuple[W, ...]) -> W:
    for word in words:
        if word == value:
            return word
    raise ValueError(f"has {name} that is none of {', '.join(words)}")


def _seconds(text: str | None) -> float | None:
    if text is None:
        return None
    if not re.fullmatch(r"[0-9]{1,4}", text) or not 1 <= int(text) <= _LONGEST_CONNECT:
        raise ValueError(
            f"has connect_timeout that is no number of seconds, 1 to {_LONGEST_CONNECT}"
        )
    return float(text)


def _server_settings(text: str) -> Mapping[str, str]:
    """Return what ``-c name=value`` and ``--name=value`` set, as the server's own options do."""
    found: dict[str, str] = {}
    rest = text.strip()
    while rest:
        if (one := _ONE_SETTING.match(rest)) is None:
            raise ValueError("has options that are not -c%20name=value, with %20 between them")
        name = one[1].replace("-", "_").lower()
        if name in _OURS:
            raise ValueError(f"has options that set {name}, which Doorward sets itself")
        found[name] = re.sub(r"\\(.)", r"\1", one[2])
        rest = rest[one.end() :]
    return MappingProxyType(found)


def _refuse(options: Mapping[str, str]) -> None:
    for name, value in options.items():
        if value.lower() in _AS_IT_IS.get(name, ()) or value in _AS_IT_IS.get(name, ()):
            continue
        if name in _CANNOT:
            raise ValueError(f"has {name}: {_CANNOT[name]}")
        # A name that we do not know may be the end of a password.
        raise ValueError(f"has an option that no PostgreSQL address has; {PERCENT_ENCODE}")
