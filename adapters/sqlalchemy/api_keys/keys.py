"""API keys in `api_keys`."""

from datetime import datetime, timedelta

from sqlalchemy import Integer, bindparam, delete, func, or_, select, update
from sqlalchemy.sql.elements import ColumnElement

from adapters.sqlalchemy.api_keys.tables import api_keys
from adapters.sqlalchemy.errors import as_conflict
from adapters.sqlalchemy.execution import Execution
from adapters.sqlalchemy.lookups import Lookup
from adapters.sqlalchemy.schema import UtcDateTime
from adapters.sqlalchemy.service_accounts.accounts import SERVICE_ACCOUNT, service_account_from
from adapters.sqlalchemy.service_accounts.tables import service_accounts
from adapters.sqlalchemy.statements import (
    Row,
    Statement,
    Values,
    Written,
    delete_some,
    insert_into,
    save_in,
)
from adapters.sqlalchemy.users.rows import USER, permissions_from, user_from
from adapters.sqlalchemy.users.tables import users
from application.api_keys.ports import ApiKeyRepository, ApiKeyUpkeep
from domain.api_keys.api_key import ApiKey, KeyOwner
from domain.assurance import Level
from domain.identifiers import ApiKeyId, ServiceAccountId, UserId
from domain.service_accounts.service_account import ServiceAccount
from domain.users.user import User
from domain.vocabulary import word_of

API_KEY = (
    api_keys.c.id,
    api_keys.c.user_id,
    api_keys.c.service_account_id,
    api_keys.c.name,
    api_keys.c.hint,
    api_keys.c.digest,
    api_keys.c.permissions,
    api_keys.c.acr,
    api_keys.c.lifetime,
    api_keys.c.created_by,
    api_keys.c.created_at,
    api_keys.c.expires_at,
    api_keys.c.last_used_at,
    api_keys.c.last_used_ip,
    api_keys.c.rotated_at,
    api_keys.c.version,
)


def api_key_from(row: Row) -> ApiKey:
    """Return the key that a row of ``API_KEY`` tells of."""
    (id_, user_id, account_id, name, hint, digest, permissions, acr, lifetime, created_by,
     created, expires, used, used_ip, rotated, version) = row  # fmt: skip
    return ApiKey(
        id=ApiKeyId(id_),
        owner=ServiceAccountId(account_id) if user_id is None else UserId(user_id),
        name=name,
        hint=hint,
        digest=digest,
        permissions=permissions_from(permissions),
        acr=word_of(Level, acr),
        lifetime=None if lifetime is None else timedelta(seconds=lifetime),
        created_by=None if created_by is None else UserId(created_by),
        created_at=created,
        expires_at=expires,
        last_used_at=used,
        last_used_ip=used_ip,
        rotated_at=rotated,
        version=version,
    )


def api_key_values(key: ApiKey) -> Written:
    """Return what is written of a key."""
    lifetime = key.lifetime
    return {
        "id": key.id.value,
        "user_id": None if key.user_id is None else key.user_id.value,
        "service_account_id": (
            None if key.service_account_id is None else key.service_account_id.value
        ),
        "name": key.name,
        "hint": key.hint,
        "digest": key.digest,
        "permissions": ",".join(sorted(key.permissions)),
        "acr": key.acr.value,
        "lifetime": None if lifetime is None else int(lifetime.total_seconds()),
        "created_by": None if key.created_by is None else key.created_by.value,
        "created_at": key.created_at,
        "expires_at": key.expires_at,
        "last_used_at": key.last_used_at,
        "last_used_ip": key.last_used_ip,
        "rotated_at": key.rotated_at,
        "notice_at": None,
        "version": key.version,
    }


_WIDTH = len(API_KEY)
_WIDTH_WITH_USER = _WIDTH + len(USER)
_BY_ID = api_keys.c.id == bindparam("id")
_NOW = bindparam("now", type_=UtcDateTime())
_ADD = insert_into(api_keys)
_GET = Statement(select(*API_KEY).where(_BY_ID))
# Of both kinds of owner, one is there; the other one's columns are null.
_WITH_OWNER = select(*API_KEY, *USER, *SERVICE_ACCOUNT).select_from(
    api_keys.outerjoin(users, users.c.id == api_keys.c.user_id).outerjoin(
        service_accounts, service_accounts.c.id == api_keys.c.service_account_id
    )
)
_FIND = Lookup(_WITH_OWNER, by=api_keys.c.digest)
_FIND_BY_ID = Lookup(_WITH_OWNER, by=api_keys.c.id)
_OF_USER = api_keys.c.user_id == bindparam("owner")
_OF_SERVICE = api_keys.c.service_account_id == bindparam("owner")
_NEWEST_FIRST = api_keys.c.id.desc()
_LIST_OF_USER = Statement(select(*API_KEY).where(_OF_USER).order_by(_NEWEST_FIRST))
_LIST_OF_SERVICE = Statement(select(*API_KEY).where(_OF_SERVICE).order_by(_NEWEST_FIRST))
_IS_USABLE = or_(api_keys.c.expires_at.is_(None), api_keys.c.expires_at > _NOW)
_COUNT_OF_USER = Statement(select(func.count()).select_from(api_keys).where(_OF_USER, _IS_USABLE))
_COUNT_OF_SERVICE = Statement(
    select(func.count()).select_from(api_keys).where(_OF_SERVICE, _IS_USABLE)
)


def _drop_expired(is_owners: ColumnElement[bool]) -> Statement:
    ended = (is_owners, api_keys.c.expires_at <= _NOW)
    kept = (
        select(api_keys.c.id)
        .where(*ended)
        .order_by(api_keys.c.expires_at.desc(), _NEWEST_FIRST)
        .limit(bindparam("keep", type_=Integer))
        .correlate(None)
    )
    # A key that is added at the same time has not expired.
    return Statement(delete(api_keys).where(*ended, api_keys.c.id.not_in(kept)), apart=True)


_DROP_EXPIRED_OF_USER = _drop_expired(_OF_USER)
_DROP_EXPIRED_OF_SERVICE = _drop_expired(_OF_SERVICE)
_BESIDE = ("last_used_at", "last_used_ip", "notice_at")
_FOR_LIFE = (
    "user_id",
    "service_account_id",
    "hint",
    "digest",
    "permissions",
    "acr",
    "lifetime",
    "created_by",
    "created_at",
)
_SAVE = Statement(save_in(api_keys, key="id", but=(*_FOR_LIFE, *_BESIDE)))
_REMOVE = Statement(delete(api_keys).where(_BY_ID))
_REMOVE_ALL_OF_USER = Statement(delete(api_keys).where(_OF_USER))
_REMOVE_ALL_OF_SERVICE = Statement(delete(api_keys).where(_OF_SERVICE))
# No new version: what is noted of its use disturbs no change of the key.
_NOTE_USE = Statement(
    update(api_keys)
    .where(
        _BY_ID,
        or_(
            api_keys.c.last_used_at.is_(None),
            api_keys.c.last_used_at <= bindparam("before", type_=UtcDateTime()),
        ),
    )
    .values(
        last_used_at=bindparam("at", type_=UtcDateTime()), last_used_ip=bindparam("ip_address")
    ),
    apart=True,  # each is of another key
)
_EXPIRING = Statement(
    select(*API_KEY)
    .where(
        api_keys.c.expires_at > _NOW,
        api_keys.c.expires_at <= bindparam("until", type_=UtcDateTime()),
        api_keys.c.rotated_at.is_(None),
        api_keys.c.notice_at.is_(None),
    )
    .order_by(api_keys.c.expires_at)
    .limit(bindparam("limit", type_=Integer))
)
_NOTE_NOTICE = Statement(
    update(api_keys)
    .where(_BY_ID, api_keys.c.notice_at.is_(None))
    .values(notice_at=bindparam("at", type_=UtcDateTime()))
)
# A user's own keys go with the user.
_FORGET_MAKER = Statement(
    update(api_keys)
    .where(api_keys.c.service_account_id.is_not(None), api_keys.c.created_by == bindparam("maker"))
    .values(created_by=None)
)
_PURGE = delete_some(
    api_keys, api_keys.c.id, api_keys.c.expires_at < bindparam("before", type_=UtcDateTime())
)


class SqlAlchemyApiKeyRepository(ApiKeyRepository):
    """Keys in ``api_keys``."""

    def __init__(self, execution: Execution) -> None:
        self._execution = execution

    async def add(self, key: ApiKey) -> None:
        self._execution.write(_ADD, api_key_values(key), meaning=as_conflict)

    async def get(self, key_id: ApiKeyId) -> ApiKey | None:
        row = await self._execution.first(_GET, id=key_id.value)
        return None if row is None else api_key_from(row)

    async def find(self, digest: bytes) -> tuple[ApiKey, User | ServiceAccount] | None:
        return _with_owner(await self._execution.look_up(_FIND, digest))

    async def find_by_id(self, key_id: ApiKeyId) -> tuple[ApiKey, User | ServiceAccount] | None:
        return _with_owner(await self._execution.look_up(_FIND_BY_ID, key_id.value))

    async def list_of(self, owner: KeyOwner) -> list[ApiKey]:
        statement = _for(owner, _LIST_OF_USER, _LIST_OF_SERVICE)
        rows = await self._execution.all(statement, **_whose(owner))
        return [api_key_from(row) for row in rows]

    async def count_usable(self, owner: KeyOwner, *, now: datetime) -> int:
        statement = _for(owner, _COUNT_OF_USER, _COUNT_OF_SERVICE)
        return await self._execution.number(statement, **_whose(owner), now=now)

    async def save(self, key: ApiKey) -> None:
        self._execution.write(_SAVE, api_key_values(key), guarded=True)
        key.version += 1

    async def remove(self, key: ApiKey) -> bool:
        return bool(await self._execution.run(_REMOVE, id=key.id.value))

    async def take_back(self, key: ApiKey) -> None:
        self._execution.write(_REMOVE, {"id": key.id.value}, guarded=True)

    async def remove_all(self, owner: KeyOwner) -> None:
        statement = _for(owner, _REMOVE_ALL_OF_USER, _REMOVE_ALL_OF_SERVICE)
        self._execution.write(statement, _whose(owner))


class SqlAlchemyApiKeyUpkeep(ApiKeyUpkeep):
    """The same table."""

    def __init__(self, execution: Execution) -> None:
        self._execution = execution

    async def note_use(
        self, key_id: ApiKeyId, *, at: datetime, ip_address: str | None, every: timedelta
    ) -> None:
        values = {"id": key_id.value, "at": at, "before": at - every, "ip_address": ip_address}
        self._execution.write(_NOTE_USE, values)

    async def expiring(self, *, now: datetime, until: datetime, limit: int) -> list[ApiKey]:
        rows = await self._execution.all(_EXPIRING, now=now, until=until, limit=limit)
        return [api_key_from(row) for row in rows]

    async def note_notice(self, key_id: ApiKeyId, *, at: datetime) -> bool:
        return bool(await self._execution.run(_NOTE_NOTICE, id=key_id.value, at=at))

    async def drop_expired(self, owner: KeyOwner, *, now: datetime, keep: int) -> None:
        statement = _for(owner, _DROP_EXPIRED_OF_USER, _DROP_EXPIRED_OF_SERVICE)
        self._execution.write(statement, {**_whose(owner), "now": now, "keep": keep})

    async def forget_maker(self, maker: UserId) -> None:
        self._execution.write(_FORGET_MAKER, {"maker": maker.value})

    async def purge(self, *, expired_before: datetime, limit: int) -> int:
        return await self._execution.run(_PURGE, before=expired_before, limit=limit)


def _with_owner(row: Row | None) -> tuple[ApiKey, User | ServiceAccount] | None:
    if row is None:
        return None
    key = api_key_from(row[:_WIDTH])
    if key.user_id is not None:
        return key, user_from(row[_WIDTH:_WIDTH_WITH_USER])
    return key, service_account_from(row[_WIDTH_WITH_USER:])


def _for(owner: KeyOwner, of_user: Statement, of_service: Statement) -> Statement:
    return of_user if isinstance(owner, UserId) else of_service


def _whose(owner: KeyOwner) -> Values:
    return {"owner": owner.value}
