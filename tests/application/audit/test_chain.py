"""A trail that was tampered with behind our back is found out (LG-3)."""

from dataclasses import replace
from typing import Any

import pytest

from adapters.memory.audit.tables import AUDIT, CHAIN, CHAIN_HEADS
from application.audit import verification
from application.audit.chaining import AuditChainBroken
from domain.audit.event import AuditEvent
from domain.principal import OPERATOR, PermissionDenied
from tests.application.service import SECOND
from tests.application.stories import ADA, ORIGIN, PASSWORD, Service, principal_of, with_permissions


async def a_life(service: Service) -> None:
    """Have things happen, and the chain made of them."""
    await service.audit.chain.begin()
    await service.signed_in_user()
    await service.signed_in_user("bob@example.com")
    assert await service.audit.chain() == len(service.audited())


async def faults(service: Service) -> list[str]:
    """Return what the verification finds."""
    found = await service.audit.verify(principal=OPERATOR)
    return [finding.fault.value for finding in found.findings]


async def test_an_honest_trail_is_intact_and_grows(
) -> None:  # fmt: skip
    service = Service()
    await a_life(service)
    assert await faults(service) == []
    await service.sign_in()
    found = await service.audit.verify(principal=OPERATOR)
    assert (found.rows, found.loose, found.findings) == (len(service.audited()) - 1, 1, [])
    assert await service.audit.chain() == 1
    assert await service.audit.chain() == 0
    assert await faults(service) == []


def meddle(service: Service, event: AuditEvent | None, at: int) -> None:
    """Put another row, or none, in the place of the one that is there."""
    row = service.audited()[at]
    service.store.committed(AUDIT).apply({row.id: event})


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
    entropy = service.ports.randomness.token_bytes
    forged = replace(genuine, id=type(genuine.id).new(service.clock.now() + SECOND, entropy))
    service.store.committed(AUDIT).apply({forged.id: forged})
    assert await faults(service) == ["forged"]
    await service.audit.chain()
    assert await faults(service) == ["changed"]


async def test_erasing_an_account_leaves_the_chain_intact() -> None:
    """HD-13."""
    service = Service()
    await a_life(service)
    await service.operator_makes(OPERATOR, "root@example.com", roles=["administrator"])
    grant = await service.sign_in(ADA)
    await service.accounts.erase_own_account(
        principal=principal_of(grant), password=PASSWORD, origin=ORIGIN
    )
    await service.audit.chain()
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
        await service.audit.verify(principal=with_permissions("users:read"))
    with pytest.raises(PermissionDenied):
        await service.audit.verify.read(principal=with_permissions(), after=0)


def cut_loose(service: Service, behind: int) -> list[AuditEvent]:
    """Take their places from the rows behind one, as one who can write to the database may."""
    store = service.store
    rows = sorted(store.committed(CHAIN).rows.values(), key=lambda row: row.position)
    store.committed(CHAIN).apply({row.event.id: None for row in rows[behind:]})
    return [row.event for row in rows]


async def test_a_row_that_was_removed_is_not_hidden_by_chaining_the_rest_again() -> None:
    """The end is put before it, with a signature that is none of ours."""
    service = Service()
    await a_life(service)
    events = cut_loose(service, behind=2)
    service.store.committed(AUDIT).apply({events[2].id: None})
    kept = service.store.committed(CHAIN).rows[events[1].id]
    (head,) = service.store.committed(CHAIN_HEADS).rows.values()
    forged = replace(head, position=2, link=kept.link)
    service.store.committed(CHAIN_HEADS).apply(
        dict.fromkeys(service.store.committed(CHAIN_HEADS).rows, forged)
    )
    with pytest.raises(AuditChainBroken):
        await service.audit.chain()
    assert "head" in await faults(service)


async def test_a_chain_is_not_begun_anew_behind_our_back() -> None:
    """Its end is gone, and all places with it: the rows are still sealed."""
    service = Service()
    await a_life(service)
    events = cut_loose(service, behind=0)
    service.store.committed(AUDIT).apply({events[2].id: None})
    service.store.committed(CHAIN_HEADS).apply(
        dict.fromkeys(service.store.committed(CHAIN_HEADS).rows)
    )
    another = Service(store=service.store, clock=service.clock)
    await another.audit.chain.begin()
    with pytest.raises(AuditChainBroken):
        await another.audit.chain()
    assert "head" in await faults(another)


async def test_a_worker_does_not_go_back_behind_what_it_has_seen() -> None:
    """An older end of ours, put back with the places behind it gone."""
    service = Service()
    await service.audit.chain.begin()
    await service.signed_in_user()
    await service.audit.chain()
    older = dict(service.store.committed(CHAIN_HEADS).rows)
    places = len(service.store.committed(CHAIN).rows)
    await service.signed_in_user("bob@example.com")
    await service.audit.chain()
    cut_loose(service, behind=places)
    service.store.committed(CHAIN_HEADS).apply(older)
    with pytest.raises(AuditChainBroken):
        await service.audit.chain()


async def test_a_row_without_a_seal_gets_a_place_and_no_seal() -> None:
    """It was not us who wrote it; nor is one of ours that lost its seal."""
    service = Service()
    await a_life(service)
    genuine = service.audited()[-1]
    entropy = service.ports.randomness.token_bytes
    new_id = type(genuine.id).new(service.clock.now() + SECOND, entropy)
    forged = replace(genuine, id=new_id, seal=None, origin_seal=None)
    service.store.committed(AUDIT).apply({forged.id: forged})
    assert await faults(service) == ["forged"]
    await service.audit.chain()
    assert await faults(service) == ["changed"]


async def test_rows_from_before_there_were_seals_get_theirs_when_the_chain_begins() -> None:
    service = Service()
    await service.signed_in_user()
    old = [replace(row, seal=None, origin_seal=None) for row in service.audited()]
    service.store.committed(AUDIT).apply({row.id: row for row in old})
    await service.audit.chain.begin()
    await service.audit.chain.begin()
    found = await service.audit.verify(principal=OPERATOR)
    assert (found.rows, found.findings) == (len(old), [])


async def test_what_we_would_never_write_is_a_finding_and_no_crash() -> None:
    service = Service()
    await a_life(service)
    bad: Any = {"a": 1}
    meddle(service, replace(service.audited()[1], data=bad), 1)
    assert await faults(service) == ["changed"]
    place = service.store.committed(CHAIN).rows[service.audited()[3].id]
    service.store.committed(CHAIN).apply({place.event.id: replace(place, position=-1)})
    assert "missing" in await faults(service)


async def test_all_rows_without_a_place_are_looked_at(monkeypatch: pytest.MonkeyPatch) -> None:
    """Also those of a day on which no worker ran."""
    monkeypatch.setattr(verification, "_READ_BATCH", 2)
    service = Service()
    await service.audit.chain.begin()
    await service.signed_in_user()
    await service.signed_in_user("bob@example.com")
    last = len(service.audited()) - 1
    meddle(service, replace(service.audited()[last], outcome="failure"), last)
    found = await service.audit.verify(principal=OPERATOR)
    assert (found.rows, found.loose, len(found.findings)) == (0, last + 1, 1)
