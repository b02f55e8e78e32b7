"""The floors of ``me``, ``refresh`` and introspection: the same work with nothing around it.

A raw ASGI application that sends Doorward's own statements through raw asyncpg and uses the bare
Ed25519 key. No routing, no validation, no log, no limits: nothing that can be left out
is in here, and nothing here could be gone without. Run by uvicorn, as Doorward is.
"""

import hashlib
import os
import time
from base64 import urlsafe_b64decode, urlsafe_b64encode
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

import asyncpg
import orjson
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey

_SESSION = (
    "id, user_id, created_at, last_used_at, idle_expires_at, absolute_expires_at, generation, "
    "family_digest, current_digest, previous_digest, sealed_successor, rotated_at, ended_at, "
    "end_reason, ip_address, user_agent, version"
)
_USER = (
    "id, email, email_key, display_name, email_verified_at, suspended_at, suspension_reason, "
    "created_at, updated_at, last_signed_in_at, version"
)


def _columns(table: str, names: str) -> str:
    return ", ".join(f"{table}.{name}" for name in names.split(", "))


_FIND = (
    f"SELECT {_columns('sessions', _SESSION)}, {_columns('users', _USER)}, "
    "(SELECT string_agg(user_roles.role, ',') FROM user_roles WHERE user_roles.user_id = users.id)"
    " FROM sessions JOIN users ON users.id = sessions.user_id WHERE sessions.id = $1"
)
_SAVE = (
    "UPDATE sessions SET user_id=$1, created_at=$2, last_used_at=$3, idle_expires_at=$4, "
    "absolute_expires_at=$5, generation=$6, family_digest=$7, current_digest=$8, "
    "previous_digest=$9, sealed_successor=$10, rotated_at=$11, ended_at=$12, end_reason=$13, "
    "ip_address=$14, user_agent=$15, version=$16 + 1 WHERE id = $17 AND version = $16"
)
_APPEND = (
    "INSERT INTO audit_events (id, occurred_at, type, outcome, reason, actor_kind, actor_id, "
    "target_kind, target_id, user_id, ip_address, user_agent, request_id, data) "
    "VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14)"
)
_DATA = '{{"user_id":"{}"}}'
_KEY = (
    "id, user_id, service_account_id, name, hint, digest, permissions, acr, lifetime, created_by, "
    "created_at, expires_at, last_used_at, last_used_ip, rotated_at, version"
)
_FIND_KEY = (
    f"SELECT {_columns('api_keys', _KEY)}, {_columns('users', _USER)}, "
    "(SELECT string_agg(user_roles.role, ',') FROM user_roles WHERE user_roles.user_id = users.id)"
    " FROM api_keys JOIN users ON users.id = api_keys.user_id WHERE api_keys.digest = $1"
)
_JSON = (b"content-type", b"application/json")


class Floor:
    """``me``, two kinds of refresh, introspection, and ``GET /live`` as an ASGI application."""

    def __init__(self) -> None:
        self._pool: Any = None
        self._verifying = Ed25519PublicKey.from_public_bytes(_decode(os.environ["FLOOR_KEY"]))
        self._signing = Ed25519PrivateKey.generate()

    async def __call__(self, scope: dict[str, Any], receive: Any, send: Any) -> None:
        """Answer one request."""
        if scope["type"] == "lifespan":
            await self._live(receive, send)
            return
        path = scope["path"]
        if path == "/me":
            body = await self._me(scope)
        elif path == "/refresh":
            body = await self._refresh((await receive())["body"])
        elif path == "/refresh/two-statements":
            body = await self._refresh((await receive())["body"], audited=False)
        elif path == "/introspect":
            body = await self._introspect((await receive())["body"])
        else:
            body = b"{}"
        length = (b"content-length", b"%d" % len(body))
        await send({"type": "http.response.start", "status": 200, "headers": [_JSON, length]})
        await send({"type": "http.response.body", "body": body})

    async def _live(self, receive: Any, send: Any) -> None:
        while True:
            if (await receive())["type"] == "lifespan.shutdown":
                await self._pool.close()
                await send({"type": "lifespan.shutdown.complete"})
                return
            # The reset on release is a round trip that Doorward does without as well.
            self._pool = await asyncpg.create_pool(
                os.environ["FLOOR_DATABASE"], min_size=10, max_size=10, reset=_nothing
            )
            await send({"type": "lifespan.startup.complete"})

    async def _me(self, scope: dict[str, Any]) -> bytes:
        token = next(value for name, value in scope["headers"] if name == b"authorization")[7:]
        message, _, signature = token.rpartition(b".")
        self._verifying.verify(_decode(signature), message)
        claims = orjson.loads(_decode(message.partition(b".")[2]))
        if claims["exp"] < time.time():
            raise PermissionError("the token is old")
        async with self._pool.acquire() as connection:
            row = await connection.fetchrow(_FIND, UUID(claims["sid"]))
        now = datetime.now(UTC)
        if row["ended_at"] or row["idle_expires_at"] < now or row["absolute_expires_at"] < now:
            raise PermissionError("the session is over")
        return orjson.dumps({"data": _user(row)})

    async def _introspect(self, body: bytes) -> bytes:
        """Look the key up that stands in the form. Who asks is not looked up."""
        digest = hashlib.sha256(body.removeprefix(b"token=")).digest()
        async with self._pool.acquire() as connection:
            row = await connection.fetchrow(_FIND_KEY, digest)
        # Columns that both tables have are told apart by their places.
        if row[11] < datetime.now(UTC) or row["suspended_at"]:
            return b'{"active":false}'
        return orjson.dumps(
            {
                "active": True,
                "sub": str(row[1]),
                "sid": str(row[0]),
                "scope": row["permissions"].replace(",", " "),
                "permissions": row["permissions"].split(",") if row["permissions"] else [],
                "roles": [],
                "acr": row["acr"],
                "iat": int(row[10].timestamp()),
                "exp": int(row[11].timestamp()),
            }
        )

    async def _refresh(self, body: bytes, *, audited: bool = True) -> bytes:
        """Spend the token: in five round trips, or in two, which commit by themselves.

        The five are what every ratio since the first was held against. The two write what
        Doorward writes since it notes no unremarkable refresh in the trail.
        """
        presented: str = orjson.loads(body)["refresh_token"]
        session_id, secret = UUID(presented[:32]), presented[32:]
        async with self._pool.acquire() as connection:
            if audited:
                await connection.execute("BEGIN")
            row = await connection.fetchrow(_FIND, session_id)
            if hashlib.sha256(secret.encode()).digest() != row["current_digest"]:
                raise PermissionError("not the token of this session")
            now, successor = datetime.now(UTC), os.urandom(32).hex()
            # Columns that both tables have are told apart by their places.
            done = await connection.execute(
                _SAVE, row[1], row[2], now, now + timedelta(days=14), row[5], row[6] + 1, row[7],
                hashlib.sha256(successor.encode()).digest(), row[8], row[8], now, None, None,
                row[14], row[15], row[16], session_id,
            )  # fmt: skip
            if done != "UPDATE 1":
                raise PermissionError("another request was faster")
            user_id = str(row[1])
            if audited:
                await connection.execute(
                    _APPEND, UUID(bytes=os.urandom(16)), now, "session.refreshed", "success", None,
                    "user", user_id, "session", str(session_id), user_id, "127.0.0.1", None,
                    os.urandom(16).hex(), _DATA.format(user_id),
                )  # fmt: skip
                await connection.execute("COMMIT")
        seconds = int(now.timestamp())
        claims = {"sub": user_id, "sid": str(session_id), "iat": seconds, "exp": seconds + 600}
        message = b"e30." + _encode(orjson.dumps(claims))
        token = message + b"." + _encode(self._signing.sign(message))
        grant = {
            "access_token": token.decode(),
            "refresh_token": presented[:32] + successor,
            "user": _user(row),
        }
        return orjson.dumps({"data": grant})


def _user(row: Any) -> dict[str, Any]:
    return {
        "id": str(row[17]),
        "email": row["email"],
        "display_name": row["display_name"],
        "email_verified_at": row["email_verified_at"],
        "roles": row[28].split(",") if row[28] else [],
        "created_at": row[24],
        "updated_at": row["updated_at"],
        "last_signed_in_at": row["last_signed_in_at"],
    }


async def _nothing(_connection: Any) -> None:
    pass


def _decode(segment: str | bytes) -> bytes:
    text = segment.encode() if isinstance(segment, str) else segment
    return urlsafe_b64decode(text + b"==")


def _encode(data: bytes) -> bytes:
    return urlsafe_b64encode(data).rstrip(b"=")


application = Floor()
