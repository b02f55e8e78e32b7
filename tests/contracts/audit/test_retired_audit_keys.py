"""What every keeper of the trail's earlier keys promises (LG-3)."""

from dataclasses import replace

from adapters.system.clock import SystemRandomness
from application.ports.unit_of_work import UnitOfWorkFactory
from application.service import ServiceUnit
from domain.audit.retired_key import RetiredAuditKey, RetiredAuditKeyId
from tests.contracts.samples import MINUTE, NOW


def a_retired_key(minutes: int) -> RetiredAuditKey:
    """Return a key that was retired then."""
    at = NOW + minutes * MINUTE
    return RetiredAuditKey(
        id=RetiredAuditKeyId.new(at, SystemRandomness().token_bytes),
        sealed=bytes([minutes]) * 68,
        retired_at=at,
    )


async def _listed(units: UnitOfWorkFactory[ServiceUnit]) -> list[RetiredAuditKey]:
    async with units.read_only() as work:
        return await work.retired_audit_keys.list_all()


async def test_keys_are_listed_the_oldest_first_with_every_field(
    units: UnitOfWorkFactory[ServiceUnit],
) -> None:
    assert await _listed(units) == []
    keys = [a_retired_key(minutes) for minutes in (2, 0, 1)]
    async with units() as work:
        for key in keys:
            await work.retired_audit_keys.add(key)
        await work.commit()
    assert await _listed(units) == [keys[1], keys[2], keys[0]]


async def test_a_renewed_key_is_in_its_new_box_and_the_same_in_all_else(
    units: UnitOfWorkFactory[ServiceUnit],
) -> None:
    first, second = a_retired_key(0), a_retired_key(1)
    async with units() as work:
        await work.retired_audit_keys.add(first)
        await work.retired_audit_keys.add(second)
        await work.commit()
    async with units() as work:
        later = replace(first, sealed=b"new", retired_at=NOW + 9 * MINUTE)
        await work.retired_audit_keys.renew(later)
        await work.commit()
    assert await _listed(units) == [replace(first, sealed=b"new"), second]


async def test_nothing_is_kept_without_a_commit(units: UnitOfWorkFactory[ServiceUnit]) -> None:
    async with units() as work:
        await work.retired_audit_keys.add(a_retired_key(0))
    assert await _listed(units) == []
