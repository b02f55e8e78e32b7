"""API keys: of people who call with one, and of a product that asks about them.

They are written as Doorward writes them, into its own tables, since what is measured is their use.
"""

import os
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from urllib.parse import urlencode
from uuid import UUID, uuid4

import asyncpg

from benchmarks.arena import get, post
from benchmarks.load import Repeating
from domain.api_keys.key_text import KeyKind, KeyText

_INTROSPECT = "/oauth2/introspect"
_FORM = b"application/x-www-form-urlencoded"
_ADD_KEY = """
    INSERT INTO api_keys (id, user_id, service_account_id, name, hint, digest, permissions, acr,
        created_at, expires_at, version)
    VALUES ($1, $2, $3, 'bench', $4, $5, $6, 'aal1', $7, $8, 0)
"""
_ADD_PRODUCT = """
    INSERT INTO service_accounts (id, name, name_key, created_at, updated_at, version)
    VALUES ($1, 'product', 'product', $2, $2, 0)
"""
_ADD_ROLE = """
    INSERT INTO service_account_roles (service_account_id, role) VALUES ($1, 'administrator')
"""


@dataclass(frozen=True, slots=True)
class Keys:
    """A key for each of the addresses, and the key of a product that may introspect."""

    of_people: dict[str, str]
    of_product: str


async def made_for(database: str, emails: Sequence[str]) -> Keys:
    """Give each of these people a key, and have a product."""
    connection = await asyncpg.connect(database)
    product, now = uuid4(), datetime.now(UTC)
    await connection.execute(_ADD_PRODUCT, product, now)
    await connection.execute(_ADD_ROLE, product)
    found = {
        email: await _key(
            connection,
            KeyKind.PERSONAL,
            user=await connection.fetchval("SELECT id FROM users WHERE email = $1", email),
        )
        for email in dict.fromkeys(emails)
    }
    keys = Keys(found, await _key(connection, KeyKind.SERVICE, product=product))
    await connection.close()
    return keys


async def _key(
    connection: asyncpg.Connection,
    kind: KeyKind,
    *,
    user: UUID | None = None,
    product: UUID | None = None,
) -> str:
    text, now = KeyText.new(kind, os.urandom), datetime.now(UTC)
    given = "" if product is None else "tokens:introspect"
    ends = now + timedelta(days=1)
    await connection.execute(
        _ADD_KEY, uuid4(), user, product, text.hint, text.digest, given, now, ends
    )
    return str(text)


def reading_with(key: str, email: str) -> Repeating:
    """Ask again and again who the key's owner is."""
    return Repeating(
        get("/api/v1/users/me", key), status=b"200", expected=f'"email":"{email}"'.encode()
    )


def introspecting(token: str, *, caller: str, path: str = _INTROSPECT) -> Repeating:
    """Ask again and again what a token is worth."""
    body = urlencode({"token": token}).encode()
    head, end, rest = post(path, body, kind=_FORM).partition(b"\r\n")
    request = head + end + f"authorization: Bearer {caller}\r\n".encode() + rest
    return Repeating(request, status=b"200", expected=b'"active":true')
