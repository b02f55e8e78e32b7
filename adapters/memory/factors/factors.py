"""Factors over one memory transaction."""

from dataclasses import replace

from adapters.memory.store import Table, Transaction
from adapters.memory.users.users import require_user
from application.factors.ports import FactorRepository
from domain.errors import ConcurrentChange
from domain.factors.factor import Factor, FactorAlreadyEnrolled, FactorId, Passkey
from domain.identifiers import UserId

FACTORS = Table[FactorId, Factor](
    "factors",
    replace,
    section="factors",
    owner=lambda factor: factor.user_id,
    credential_id=lambda factor: (factor.credential_id,) if isinstance(factor, Passkey) else (),
)


class MemoryFactorRepository(FactorRepository):
    """Factors in a dictionary; passkeys are found through an index."""

    def __init__(self, transaction: Transaction) -> None:
        self._transaction = transaction
        self._factors = transaction.table(FACTORS)

    async def add(self, factor: Factor) -> None:
        await self._transaction.writing()
        require_user(self._transaction, factor.user_id)
        if isinstance(factor, Passkey) and self._factors.find(
            "credential_id", factor.credential_id
        ):
            raise FactorAlreadyEnrolled
        self._factors.put(factor.id, factor)

    async def list_of(self, user_id: UserId) -> list[Factor]:
        await self._transaction.reading()
        return sorted(self._factors.find("owner", user_id), key=lambda factor: factor.id)

    async def find_passkey(self, credential_id: bytes) -> Passkey | None:
        await self._transaction.reading()
        found = next(iter(self._factors.find("credential_id", credential_id)), None)
        return found if isinstance(found, Passkey) else None

    async def save(self, factor: Factor) -> None:
        await self._transaction.writing()
        self._ensure_unchanged(factor)
        factor.version += 1
        self._factors.put(factor.id, factor)

    async def remove(self, factor: Factor) -> None:
        await self._transaction.writing()
        self._ensure_unchanged(factor)
        self._factors.remove(factor.id)

    async def remove_all(self, user_id: UserId) -> None:
        await self._transaction.writing()
        for key in list(self._factors.keys("owner", user_id)):
            self._factors.remove(key)

    async def list_sealed(self, *, after: FactorId | None, limit: int) -> list[Factor]:
        await self._transaction.reading()
        found = self._factors.select(
            lambda factor: not isinstance(factor, Passkey) and (after is None or factor.id > after)
        )
        return [found[key] for key in sorted(found)[:limit]]

    async def count_passkeys(self, *, but_for: str) -> int:
        await self._transaction.reading()
        return len(
            self._factors.select(
                lambda factor: isinstance(factor, Passkey) and factor.rp_id != but_for
            )
        )

    def _ensure_unchanged(self, factor: Factor) -> None:
        kept = self._factors.get(factor.id)
        if kept is None or kept.version != factor.version:
            raise ConcurrentChange
