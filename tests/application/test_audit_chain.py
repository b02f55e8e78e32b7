"""A trail that was tampered with behind our back is found out (LG-3)."""

from dataclasses import replace

import pytest

from domain.access import OPERATOR, PermissionDenied
from domain.audit import AuditEvent
from tests.application.service import ADA, ORIGIN, PASSWORD, SECOND, Service, principal_of
from tests.application.test_administration import with_permissions


async def a_life(service: Service) -> None:
    """Have things happen, and the chain made of them."""
    await service.signed_in_user()
    await service.signed_in_user("bob@example.com")
    assert await service.chain_audit_trail() == len(service.audited())


async def faults(service: Service) -> list[str]:
    """Return what the verification finds."""
    found = await service.verify_audit_trail(principal=OPERATOR)
    return [finding.fault.value for finding in found.findings]


async def test_an_honest_trail_is_intact_and_grows(
) -> None:  # fmt: skip
    service = Service()
    await a_life(service)
    assert await faults(service) == []
    await service.sign_in()
    found = await service.verify_audit_trail(principal=OPERATOR)
    assert (found.rows, found.loose, found.findings) == (len(service.audited()) - 1, 1, [])
    assert await service.chain_audit_trail() == 1
    assert await service.chain_audit_trail() == 0
    assert await faults(service) == []


def meddle(service: Service, event: AuditEvent | None, at: int) -> None:
    """Put another row, or none, in the place of the one that is there."""
    row = service.audited()[at]
    service.store.audit.apply({row.id: event})


async def test_what_was_changed_or_removed_is_found() -> None:
    service = Service()
    await a_life(service)
    meddle(service, replace(service.audited()[2], type="user.erased"), 2)
    assert await faults(service) == ["changed"]
    meddle(service, None, 0)
    assert "missing" in await faults(service)


async def test_what_was_written_past_us_is_found_before_and_after_it_has_a_place() -> None:
    service = Service()
    await a_life(service)
    genuine = service.audited()[-1]
    entropy = service.randomness.token_bytes
    forged = replace(genuine, id=type(genuine.id).new(service.clock.now() + SECOND, entropy))
    service.store.audit.apply({forged.id: forged})
    assert await faults(service) == ["forged"]
    await service.chain_audit_trail()
    assert await faults(service) == ["changed"]


async def test_erasing_an_account_leaves_the_chain_intact() -> None:
    """HD-13."""
    service = Service()
    await service.operator_makes(OPERATOR, "root@example.com", roles=["administrator"])
    await a_life(service)
    grant = await service.sign_in(ADA)
    await service.erase_own_account(principal=principal_of(grant), password=PASSWORD, origin=ORIGIN)
    await service.chain_audit_trail()
    assert await faults(service) == []


async def test_another_key_finds_everything_wrong() -> None:
    """Who does not have SECRET_KEY can neither make nor check a seal."""
    service = Service()
    await a_life(service)
    stranger = Service(store=service.store, clock=service.clock, secret_key=b"guess" * 8)
    assert len(await faults(stranger)) > len(service.audited())


async def test_reading_the_trail_takes_the_permission() -> None:
    service = Service()
    with pytest.raises(PermissionDenied):
        await service.verify_audit_trail(principal=with_permissions("users:read"))
    with pytest.raises(PermissionDenied):
        await service.verify_audit_trail.read(principal=with_permissions(), after=0)
