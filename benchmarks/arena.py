"""Everything that has to stand before something can be measured: database, servers, accounts."""

import contextlib
import hashlib
import itertools
import os
import secrets
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

import asyncpg
import orjson

from benchmarks.load import Refreshing, Repeating
from benchmarks.processes import ROOT, Cores, Server
from tests.support.postgres import PostgresServer

PASSWORD = "correct horse battery staple"
PUBLIC_URL = "http://127.0.0.1:8000"
"""Where browsers are told that Doorward is; nobody asks there."""
COSTS = (65536, 3, 1)
"""The memory in KiB, the passes and the lanes of every password hash: Doorward's defaults."""
CONNECTIONS = 16
PEOPLE = 8
_PEERS = ROOT / ".venv-bench" / "bin" / "python"
_PARTS = ("domain", "application", "adapters", "entrypoints", "migrations")


@dataclass(frozen=True, slots=True)
class Person:
    """An account with one session."""

    email: str
    access_token: str
    refresh_token: str


@dataclass(frozen=True, slots=True)
class House:
    """A Doorward that is up, and the people who have a session there, one for each connection."""

    server: Server
    people: list[Person]
    access_tokens: list[list[str]]
    """What refreshing has brought each connection: tokens that were not used yet."""


class Arena:
    """One durable PostgreSQL, and the servers that share it in turn."""

    def __init__(
        self, postgres: PostgresServer, cores: Cores, scratch: Path, *, beside: Path | None = None
    ) -> None:
        self.cores, self.beside = cores, beside
        self._postgres, self._scratch = postgres, scratch
        self._secret = secrets.token_urlsafe(48)
        self._numbers = itertools.count()

    # --- servers -----------------------------------------------------------------------------

    def doorward(
        self,
        tree: Path = ROOT,
        *options: str,
        database: str | None = None,
        cores: set[int] | None = None,
    ) -> Server:
        """Return ``doorward serve`` of a tree as in production, logging JSON to nowhere.

        The database is an address, by default the tree's own database here.
        """
        command = [str(_doorward(tree)), "serve", "--port", "{port}", *options]
        environment = {**self._settings(database or self.database_of(tree)), "PORT": "{port}"}
        return self._server("Doorward", command, environment, live="/health/live", cores=cores)

    def database_of(self, tree: Path) -> str:
        """Return the address of the database of a tree."""
        return self.address("doorward" if tree == ROOT else "beside")

    def floor(self, public_key: str) -> Server:
        """Return the raw ASGI application on uvicorn."""
        environment = {
            "FLOOR_DATABASE": self.address("doorward"),
            "FLOOR_KEY": public_key,
            "PYTHONPATH": str(ROOT),
        }
        command = [sys.executable, *_uvicorn("benchmarks.floor:application")]
        return self._server("floor", command, environment, live="/live")

    def peer(self, *, prepare: bool = False) -> Server:
        """Return fastapi-users on uvicorn, which makes its table and its account if asked to."""
        memory, passes, lanes = COSTS
        environment = {
            "ARGON2_MEMORY_KIB": str(memory),
            "ARGON2_TIME_COST": str(passes),
            "ARGON2_PARALLELISM": str(lanes),
            "PEER_DATABASE": self._postgres.url("peer"),
            "PEER_SECRET": self._secret,
            "PEER_EMAIL": "person0@example.com" if prepare else "",
            "PEER_PASSWORD": PASSWORD,
        }
        command = [str(_PEERS), *_uvicorn("peer_fastapi_users:application")]
        command += ["--app-dir", str(ROOT / "benchmarks")]
        return self._server("fastapi-users", command, environment, live="/nothing")

    def _server(
        self,
        name: str,
        command: list[str],
        environment: dict[str, str],
        *,
        live: str,
        cores: set[int] | None = None,
    ) -> Server:
        log = self._scratch / f"{name}-{next(self._numbers)}.log"
        whole = {"PATH": os.defpath, "HOME": str(self._scratch), **environment}
        cores = cores or self.cores.server
        return Server(name, command, environment=whole, cores=cores, live=live, log=log)

    def _settings(self, database: str) -> dict[str, str]:
        memory, passes, lanes = COSTS
        return {
            "ENVIRONMENT": "production",
            "DATABASE_URL": database,
            "SECRET_KEY": self._secret,
            "PUBLIC_URL": PUBLIC_URL,
            "ARGON2_MEMORY_KIB": str(memory),
            "ARGON2_TIME_COST": str(passes),
            "ARGON2_PARALLELISM": str(lanes),
            # All load comes from one address, which the limits are there to stop.
            "RATE_LIMITS": "off",
            "LOG_FORMAT": "json",
            "RUN_WORKER": "off",
        }

    # --- accounts and sessions ---------------------------------------------------------------

    def address(self, database: str) -> str:
        """Return the address of a database as asyncpg takes it."""
        return self._postgres.url(database).replace("+asyncpg", "")

    async def prepare(self) -> None:
        """Compile Doorward, as installing it does, and make the databases and their schemas."""
        connection = await asyncpg.connect(self.address("postgres"))
        for name in ("doorward", "beside", "peer"):
            await connection.execute(f"CREATE DATABASE {name}")
        await connection.close()
        for tree in (ROOT, *([self.beside] if self.beside else [])):
            compiling = [str(_python(tree)), "-m", "compileall", "-q", *_PARTS]
            subprocess.run(compiling, cwd=tree, check=True)
            settings = self._settings(self.database_of(tree))
            subprocess.run(
                [_doorward(tree), "migrate"],
                cwd=self._scratch,
                env={"PATH": os.defpath, "HOME": str(self._scratch), **settings},
                check=True,
                timeout=60,
            )
        with self.peer(prepare=True):
            pass

    async def inhabit(
        self, server: Server, database: str, *, people: int = PEOPLE, sessions: int = CONNECTIONS
    ) -> House:
        """Make accounts and sessions, one for each connection, and return the house.

        With no people, the accounts are those that another server has made in the same database.
        """
        server.wait_until_ready("/health/ready")
        for number in range(people):
            sign_up(server, f"person{number}@example.com")
        await verify_all(database)
        found = []
        for number in range(sessions):
            email = f"person{number % (people or PEOPLE)}@example.com"
            data = sign_in(server, email)
            found.append(Person(email, data["access_token"], data["refresh_token"]))
        return House(server, found, [[] for _ in found])

    async def floor_tokens(self) -> list[str]:
        """Return tokens of sessions that the floor can refresh: copies of Doorward's."""
        connection = await asyncpg.connect(self.address("doorward"))
        tokens = [secrets.token_hex(16) + secrets.token_hex(32) for _ in range(CONNECTIONS)]
        for token in tokens:
            await connection.execute(
                "INSERT INTO sessions SELECT (json_populate_record(s, $1::json)).* "
                "FROM sessions s LIMIT 1",
                orjson.dumps(
                    {
                        "id": token[:32],
                        "current_digest": f"\\x{hashlib.sha256(token[32:].encode()).hexdigest()}",
                    }
                ).decode(),
            )
        await connection.close()
        return tokens

    async def database_facts(self) -> dict[str, str]:
        """Return the version of PostgreSQL, and the settings that say what a commit is worth."""
        connection = await asyncpg.connect(self.address("doorward"))
        names = ("server_version", "fsync", "synchronous_commit", "full_page_writes")
        facts = {name: await connection.fetchval(f"SHOW {name}") for name in names}
        await connection.close()
        return facts


@contextlib.contextmanager
def standing(scratch: Path, *, beside: Path | None = None) -> Iterator[Arena]:
    """Start the database on the cores that the servers leave, and end it afterwards."""
    cores = Cores()
    cores.move_to_rest()
    with PostgresServer(durable=True) as postgres:
        yield Arena(postgres, cores, scratch, beside=beside)


def sign_up(server: Server, email: str) -> None:
    """Make an account."""
    server.ask("POST", "/api/v1/users", json={"email": email, "password": PASSWORD})


def sign_in(server: Server, email: str) -> dict[str, Any]:
    """Sign in with the password, and return the data of the answer."""
    given = {"email": email, "password": PASSWORD}
    data: dict[str, Any] = server.ask("POST", "/api/v1/sessions", json=given)["data"]
    return data


async def verify_all(database: str) -> None:
    """Say that all addresses are verified, since no mail is read here."""
    connection = await asyncpg.connect(database)
    await connection.execute(
        "UPDATE users SET email_verified_at = now() WHERE email_verified_at IS NULL"
    )
    await connection.close()


# --- what the callers say --------------------------------------------------------------------


def reading(path: str, token: str, email: str) -> Repeating:
    """Ask again and again who the token's owner is."""
    expected = f'"email":"{email}"'.encode()
    return Repeating(get(path, token), status=b"200", expected=expected)


def refreshing(path: str, token: str, *, kept: list[str] | None = None) -> Refreshing:
    """Refresh a session again and again."""
    return Refreshing(lambda given: _spend(path, given), token, expected=b'"user":{', kept=kept)


def signing_in(number: int) -> Repeating:
    """Sign one person in to Doorward again and again."""
    body = orjson.dumps({"email": f"person{number}@example.com", "password": PASSWORD})
    request = post("/api/v1/sessions", body)
    return Repeating(request, status=b"201", expected=b'"refresh_outcome":"issued"')


def signing_in_to_peer() -> Repeating:
    """Sign the peer's person in again and again."""
    form = urlencode({"username": "person0@example.com", "password": PASSWORD}).encode()
    request = post("/auth/jwt/login", form, kind=b"application/x-www-form-urlencoded")
    return Repeating(request, status=b"200", expected=b'"access_token":')


class SigningUp:
    """Makes one account after the other."""

    def __init__(self, prefix: str) -> None:
        self._emails = (f"{prefix}-{number}@example.com" for number in itertools.count())

    def request(self) -> bytes | None:
        """Return the request for an account that does not exist."""
        body = orjson.dumps({"email": next(self._emails), "password": PASSWORD})
        return post("/api/v1/users", body)

    def accept(self, status: bytes, body: bytes) -> bool:
        """Look at the status and for the piece that has to be in the body."""
        return status[:2] == b"20" and b'"status":"unverified"' in body


def get(path: str, token: str) -> bytes:
    """Return a GET request with an access token."""
    return (
        f"GET {path} HTTP/1.1\r\nhost: 127.0.0.1\r\nauthorization: Bearer {token}\r\n"
        "accept: application/json\r\nuser-agent: doorward-benchmarks\r\n\r\n"
    ).encode()


def post(path: str, body: bytes, *, kind: bytes = b"application/json") -> bytes:
    """Return a POST request."""
    return (
        b"POST %s HTTP/1.1\r\nhost: 127.0.0.1\r\ncontent-type: %s\r\ncontent-length: %d\r\n"
        b"accept: application/json\r\nuser-agent: doorward-benchmarks\r\n\r\n%s"
        % (path.encode(), kind, len(body), body)
    )


def _spend(path: str, token: bytes) -> bytes:
    return post(path, b'{"refresh_token":"%s"}' % token)


def public_key(server: Server) -> str:
    """Return Doorward's public key, as the JWKS spells it."""
    keys: list[dict[str, Any]] = server.ask("GET", "/.well-known/jwks.json")["keys"]
    return str(keys[0]["x"])


def peer_token(server: Server) -> str:
    """Sign in to the peer."""
    form = urlencode({"username": "person0@example.com", "password": PASSWORD}).encode()
    kind = {"content-type": "application/x-www-form-urlencoded"}
    answer = server.ask("POST", "/auth/jwt/login", body=form, headers=kind)
    return str(answer["access_token"])


def _doorward(tree: Path) -> Path:
    return _python(tree).parent / "doorward"


def _python(tree: Path) -> Path:
    return Path(sys.executable) if tree == ROOT else tree / ".venv" / "bin" / "python"


def _uvicorn(application: str) -> list[str]:
    options = ["--host", "127.0.0.1", "--port", "{port}", "--loop", "uvloop", "--http", "httptools"]
    return ["-m", "uvicorn", application, *options, "--no-access-log", "--log-level", "warning"]
