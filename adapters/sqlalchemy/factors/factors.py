"""Factors in `factors`."""

from typing import Any

from sqlalchemy import Integer, bindparam, delete, func, select

from adapters.sqlalchemy.errors import Taken
from adapters.sqlalchemy.execution import Execution
from adapters.sqlalchemy.factors.tables import factors
from adapters.sqlalchemy.statements import (
    BEFORE_ALL,
    Row,
    Statement,
    Written,
    insert_into,
    save_in,
)
from application.factors.ports import FactorRepository
from domain.errors import ConcurrentChange
from domain.factors.factor import (
    Factor,
    FactorAlreadyEnrolled,
    FactorId,
    FactorKind,
    Passkey,
    RecoveryCodes,
    Totp,
)
from domain.factors.totp import Algorithm, TotpSettings
from domain.identifiers import UserId

FACTOR = (
    factors.c.id,
    factors.c.user_id,
    factors.c.kind,
    factors.c.name,
    factors.c.created_at,
    factors.c.last_used_at,
    factors.c.sealed,
    factors.c.counter,
    factors.c.credential_id,
    factors.c.verifier,
    factors.c.details,
    factors.c.version,
)
_TAG = 32


def factor_from(row: Row) -> Factor | None:
    """Return the factor that a row of ``FACTOR`` tells of; None for a kind of a newer version."""
    (id_, user_id, kind, name, created, last_used, sealed, counter, credential_id, verifier,
     details, version) = row  # fmt: skip
    common: dict[str, Any] = {
        "id": FactorId(id_),
        "user_id": UserId(user_id),
        "name": name,
        "created_at": created,
        "last_used_at": last_used,
        "version": version,
    }
    if kind == FactorKind.TOTP:
        algorithm = Algorithm(details["algorithm"])
        settings = TotpSettings(algorithm, details["digits"], details["period"])
        return Totp(**common, sealed_secret=sealed, settings=settings, last_counter=counter)
    if kind == FactorKind.PASSKEY:
        return Passkey(
            **common,
            credential_id=credential_id,
            public_key=verifier,
            sign_count=counter,
            synced=details["synced"],
            transports=tuple(details["transports"]),
            rp_id=details["rp_id"],
        )
    if kind == FactorKind.RECOVERY_CODES:
        tags = (verifier[place : place + _TAG] for place in range(0, len(verifier), _TAG))
        return RecoveryCodes(**common, sealed_key=sealed, tags=frozenset(tags))
    return None


def factor_values(factor: Factor) -> Written:
    """Return all that is written of a factor."""
    values: Written = {
        "id": factor.id.value,
        "user_id": factor.user_id.value,
        "kind": factor.kind.value,
        "name": factor.name,
        "created_at": factor.created_at,
        "last_used_at": factor.last_used_at,
        "sealed": None,
        "counter": 0,
        "credential_id": None,
        "verifier": None,
        "details": {},
        "version": factor.version,
    }
    if isinstance(factor, Totp):
        settings = factor.settings
        values |= {
            "sealed": factor.sealed_secret,
            "counter": factor.last_counter,
            "details": {
                "algorithm": settings.algorithm.value,
                "digits": settings.digits,
                "period": settings.period,
            },
        }
    elif isinstance(factor, Passkey):
        values |= {
            "counter": factor.sign_count,
            "credential_id": factor.credential_id,
            "verifier": factor.public_key,
            "details": {
                "synced": factor.synced,
                "transports": list(factor.transports),
                "rp_id": factor.rp_id,
            },
        }
    elif isinstance(factor, RecoveryCodes):
        values |= {"sealed": factor.sealed_key, "verifier": b"".join(sorted(factor.tags))}
    return values


_ADD = insert_into(factors)
_LIST = Statement(
    select(*FACTOR).where(factors.c.user_id == bindparam("user_id")).order_by(factors.c.id)
)
_FIND_PASSKEY = Statement(
    select(*FACTOR).where(factors.c.credential_id == bindparam("credential_id"))
)
_SAVE = Statement(save_in(factors, key="id", but=("user_id", "kind", "created_at")))
_REMOVE = Statement(
    delete(factors).where(
        factors.c.id == bindparam("id"), factors.c.version == bindparam("version")
    )
)
_REMOVE_ALL = Statement(delete(factors).where(factors.c.user_id == bindparam("user_id")))
_LIST_SEALED = Statement(
    select(*FACTOR)
    .where(factors.c.sealed.is_not(None), factors.c.id > bindparam("after"))
    .order_by(factors.c.id)
    .limit(bindparam("limit", type_=Integer))
)
_COUNT_ORPHANS = Statement(
    select(func.count())
    .select_from(factors)
    .where(
        factors.c.credential_id.is_not(None),
        factors.c.details["rp_id"].as_string() != bindparam("rp_id"),
    )
)


class SqlAlchemyFactorRepository(FactorRepository):
    """Factors in ``factors``; that a passkey has one owner is the database's word."""

    def __init__(self, execution: Execution) -> None:
        self._execution = execution

    async def add(self, factor: Factor) -> None:
        self._execution.write(_ADD, factor_values(factor), meaning=_meaning)

    async def list_of(self, user_id: UserId) -> list[Factor]:
        rows = await self._execution.all(_LIST, user_id=user_id.value)
        return [factor for row in rows if (factor := factor_from(row)) is not None]

    async def find_passkey(self, credential_id: bytes) -> Passkey | None:
        row = await self._execution.first(_FIND_PASSKEY, credential_id=credential_id)
        factor = None if row is None else factor_from(row)
        return factor if isinstance(factor, Passkey) else None

    async def save(self, factor: Factor) -> None:
        self._execution.write(_SAVE, factor_values(factor), guarded=True)
        factor.version += 1

    async def remove(self, factor: Factor) -> None:
        values = {"id": factor.id.value, "version": factor.version}
        self._execution.write(_REMOVE, values, guarded=True)

    async def remove_all(self, user_id: UserId) -> None:
        self._execution.write(_REMOVE_ALL, {"user_id": user_id.value})

    async def list_sealed(self, *, after: FactorId | None, limit: int) -> list[Factor]:
        start = BEFORE_ALL if after is None else after.value
        rows = await self._execution.all(_LIST_SEALED, after=start, limit=limit)
        return [factor for row in rows if (factor := factor_from(row)) is not None]

    async def count_passkeys(self, *, but_for: str) -> int:
        return await self._execution.number(_COUNT_ORPHANS, rp_id=but_for)


def _meaning(taken: Taken) -> Exception:
    """The constraint on PostgreSQL and the column on SQLite both say which value it was."""
    if factors.c.credential_id.name in taken.by:
        return FactorAlreadyEnrolled()
    return ConcurrentChange()
