"""Connecting to a PostgreSQL server through asyncpg, as an address of PostgreSQL's own says."""

import errno
import getpass
import os
import random
import ssl
from collections.abc import Mapping
from contextlib import suppress
from typing import TYPE_CHECKING, Any
from urllib.parse import quote, urlencode
from weakref import WeakSet

from adapters.addresses.database import PostgresqlAddress, SessionKind
from adapters.sqlalchemy.failures import (
    Unusable,
    closed_at_sign_in,
    no_user,
    refused_setting,
    unusable_files,
    wrong_encoding,
)

if TYPE_CHECKING:
    import asyncpg

    type _Connection = asyncpg.Connection[asyncpg.Record]

_ENCODING = "UTF8"
_SYSTEM = "system"


class Connector:
    """Opens connections to the first host that answers and is of the kind that is asked for.

    Each host has ``timeout`` seconds of its own: asyncpg gives them all one, which a host that
    says nothing would use up.
    """

    def __init__(
        self,
        address: PostgresqlAddress,
        *,
        timeout: float,
        session_settings: Mapping[str, str] | None = None,
    ) -> None:
        self._address = address
        self._timeout = address.connect_timeout or timeout
        given = {name.lower() for name in address.server_settings}
        self._settings = {
            name: value for name, value in (session_settings or {}).items() if name not in given
        }
        self._expects_pooler = False
        self._through_pooler = WeakSet["_Connection"]()

    def goes_through_pooler(self, connection: "_Connection") -> bool:
        """Tell whether a pooler stands between us and the server.

        Then each transaction may meet another server process: what one is told, it forgets with
        the transaction, and a statement that one has prepared is unknown to the next.
        """
        return connection in self._through_pooler

    async def __call__(self, **options: Any) -> "_Connection":
        """Return a connection; ``options`` are asyncpg's.

        It has the session settings, those apart that the address sets, and keeps the statements
        that it prepares; one that goes through a pooler has and keeps nothing.

        Raises asyncpg's errors, and :class:`Unusable` for a database whose texts cannot hold
        every character or for files that cannot be read.
        """
        expected = self._expects_pooler
        connection = await self._opened(options, keeps_statements=not expected)
        self._expects_pooler = not await self._is_set_up(connection)
        if self._expects_pooler and not expected:
            await _left(connection)
            connection = await self._opened(options, keeps_statements=False)
            self._expects_pooler = not await self._is_set_up(connection)
        if self._expects_pooler:
            self._through_pooler.add(connection)
        return connection

    async def _is_set_up(self, connection: "_Connection") -> bool:
        """Set what holds for the session; return False, having set nothing, if there is a pooler.

        A pooler makes up the number of the process that it says we talk to. One statement of the
        simple protocol asks and sets: nothing may be set on a process that others use next, and
        two statements might not meet the same one.
        """
        settings = "".join(
            f", set_config({_quoted(name)}, {_quoted(value)}, false)"
            for name, value in self._settings.items()
        )
        told = connection.get_server_pid()
        try:
            done: str = await connection.execute(
                f"SELECT 1{settings} WHERE pg_catalog.pg_backend_pid() = {told}",
                timeout=self._timeout,
            )
        except BaseException:
            connection.terminate()
            raise
        return done == "SELECT 1"

    async def _opened(self, options: Mapping[str, Any], *, keeps_statements: bool) -> "_Connection":
        options = options if keeps_statements else {**options, "statement_cache_size": 0}
        connection = await self._first(self._chosen(options))
        # The server said so when the connection was made; a pooler may not pass it on.
        encoding = getattr(connection.get_settings(), "server_encoding", _ENCODING)
        if encoding != _ENCODING:
            connection.terminate()
            raise Unusable(wrong_encoding(encoding))
        return connection

    async def _first(self, options: dict[str, Any]) -> "_Connection":
        import asyncpg

        problem: Exception = TimeoutError()
        for kind in self._kinds():
            for host, port in self._hosts():
                chosen = {**options, "host": host, "port": port, "target_session_attrs": kind}
                try:
                    connection: _Connection = await asyncpg.connect(**chosen)
                # TimeoutError and everything that a socket or TLS can raise are OSErrors.
                except (
                    OSError,
                    asyncpg.CannotConnectNowError,
                    asyncpg.TargetServerAttributeNotMatched,
                ) as away:
                    problem = away
                except asyncpg.ConnectionDoesNotExistError:
                    problem = Unusable(closed_at_sign_in())
                except asyncpg.PostgresError as refusal:
                    if (failure := refused_setting(refusal.sqlstate)) is not None:
                        raise Unusable(failure) from None
                    raise
                else:
                    return connection
        raise problem

    def _kinds(self) -> tuple[SessionKind, ...]:
        kind = self._address.session_kind
        return ("standby", "any") if kind == "prefer-standby" else (kind,)

    def _hosts(self) -> list[tuple[str, int]]:
        hosts = list(self._address.hosts)
        if self._address.at_random:
            random.shuffle(hosts)  # it spreads load and guards nothing
        return hosts

    def _chosen(self, options: Mapping[str, Any]) -> dict[str, Any]:
        address = self._address
        chosen = {
            **options,
            "user": address.user or _own_name(),
            "password": address.password,
            "passfile": address.passfile,
            "database": address.database,
            "timeout": self._timeout,
        }
        settings = {**options.get("server_settings", {}), **address.server_settings}
        if address.application_name is not None:
            settings["application_name"] = address.application_name
        chosen["server_settings"] = settings
        if address.tls:
            chosen |= _tls(address.tls)
        return chosen


def _quoted(text: str) -> str:
    return "'" + text.replace("'", "''") + "'"


async def _left(connection: "_Connection") -> None:
    with suppress(Exception):  # then it is closed as well, if less politely
        await connection.close(timeout=1)


def _own_name() -> str:
    """Return the name that libpq would take, too, where none is given."""
    try:
        return os.environ.get("PGUSER") or getpass.getuser()
    except (KeyError, OSError, ImportError):  # a process under a number that has no name
        raise Unusable(no_user()) from None


def _tls(tls: Mapping[str, str]) -> dict[str, Any]:
    """Return what asyncpg has to be told: it takes files in the form of an address only."""
    system = tls.get("sslrootcert") == _SYSTEM
    context = _context(tls, system=system)
    if system:
        return {"ssl": context, "direct_tls": tls.get("sslnegotiation") == "direct"}
    return {"dsn": f"postgresql://?{urlencode(tls, quote_via=quote)}"}


def _context(tls: Mapping[str, str], *, system: bool) -> ssl.SSLContext:
    """Return a context with these files, having read them; asyncpg's errors would not name them."""
    context = ssl.create_default_context() if system else ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    context.set_alpn_protocols(["postgresql"])
    try:
        if not system and (root := tls.get("sslrootcert")):
            context.load_verify_locations(cafile=root)
        if revoked := tls.get("sslcrl"):
            context.load_verify_locations(cafile=revoked)
        if certificate := tls.get("sslcert"):
            password = tls.get("sslpassword", "")
            context.load_cert_chain(certificate, tls.get("sslkey"), lambda: password)
    except ssl.SSLError as problem:
        raise Unusable(unusable_files(problem.reason)) from None
    except OSError as problem:
        raise Unusable(unusable_files(_name_of(problem))) from None
    return context


def _name_of(problem: OSError) -> str | None:
    return errno.errorcode.get(problem.errno or 0)
