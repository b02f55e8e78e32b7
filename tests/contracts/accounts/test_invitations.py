"""What every repository of invitations promises."""

import asyncio
import secrets
import uuid
from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from application.ports.unit_of_work import UnitOfWorkFactory
from application.service import ServiceUnit
from domain.accounts.invitation import Invitation, InvitationId
from domain.email_address import EmailAddress
from domain.errors import ConcurrentChange
from domain.identifiers import ServiceAccountId
from domain.principal import Permission
from tests.contracts.samples import (
    HOUR,
    MINUTE,
    NOW,
    SECOND,
    a_user,
    an_invitation,
    in_parallel,
    keep_user,
    until_a_writer_waits,
)

if TYPE_CHECKING:
    from adapters.sqlalchemy.engine import Engine


async def test_an_invitation_comes_out_as_it_went_in(units: UnitOfWorkFactory[ServiceUnit]) -> None:
    inviter = await keep_user(units)
    ours, operators = (
        an_invitation("Bob@example.com", inviter=inviter),
        an_invitation("e@f.example"),
    )
    await _put(units, ours, operators)
    async with units.read_only() as work:
        assert await work.invitations.find(ours.digest) == ours
        assert await work.invitations.find(operators.digest) == operators
        assert await work.invitations.find(bytes(32)) is None


async def test_it_keeps_which_program_sent_it_and_what_its_key_gave(
    units: UnitOfWorkFactory[ServiceUnit],
) -> None:
    program = ServiceAccountId(uuid.uuid4())
    limits = frozenset({Permission("users:invite"), Permission("orders:read")})
    sent = replace(an_invitation(), invited_by_service=program, limited_to=limits)
    await _put(units, sent)
    async with units.read_only() as work:
        assert await work.invitations.find(sent.digest) == sent


async def test_of_two_to_one_mailbox_at_once_the_second_goes_on_when_the_first_is_committed(
    units: UnitOfWorkFactory[ServiceUnit], engine: "Engine | None"
) -> None:
    """AT-4: so that the mail that is dated afterwards, the newest, has the secret that is left."""
    await _put(units, an_invitation())
    order: list[str] = []

    async def put_the_second() -> None:
        async with units() as work:
            await work.invitations.put(an_invitation())
            order.append("second put")
            await work.commit()

    async with units() as work:
        await work.invitations.put(an_invitation())
        putting = asyncio.create_task(put_the_second())
        await until_a_writer_waits(engine)
        order.append("first committed")
        await work.commit()
    await putting
    assert order == ["first committed", "second put"]


async def test_an_invitation_that_was_taken_is_gone(units: UnitOfWorkFactory[ServiceUnit]) -> None:
    """AT-4: single use, also under concurrency; and a rollback gives it back (DU-5)."""
    await _put(units, invitation := an_invitation())
    async with units() as work:
        assert await work.invitations.take(invitation.digest) == invitation
    taken = await in_parallel(_take(units, invitation.digest) for _ in range(20))
    assert [outcome for outcome in taken if outcome is not None] == [invitation]


async def test_a_newer_one_to_the_same_mailbox_replaces_the_older(
    units: UnitOfWorkFactory[ServiceUnit],
) -> None:
    """AT-4, AT-10: whatever the spelling, a mailbox has one."""
    older, newer = an_invitation("bob@example.com"), an_invitation("BOB@example.com")
    await _put(units, older)
    await _put(units, newer)
    assert await _take(units, older.digest) is None
    assert await _take(units, newer.digest) == newer


async def test_those_that_can_still_be_accepted_are_listed_the_newest_first_in_pages(
    units: UnitOfWorkFactory[ServiceUnit],
) -> None:
    living = [an_invitation(f"u{n}@example.com", at=NOW + n * SECOND) for n in range(5)]
    expired = an_invitation("late@example.com", ttl=SECOND)
    await _put(units, *living, expired)
    newest = list(reversed(living))
    now = NOW + MINUTE
    async with units.read_only() as work:
        assert await work.invitations.list_living(now=now, limit=3) == newest[:3]
        rest = await work.invitations.list_living(now=now, limit=3, before=newest[2].id)
        assert rest == newest[3:]
        assert await work.invitations.list_living(now=NOW + HOUR + MINUTE, limit=9) == []


async def test_an_invitation_goes_with_the_mailbox(units: UnitOfWorkFactory[ServiceUnit]) -> None:
    """HD-13: whatever the spelling, and no other one."""
    to_bob, other = an_invitation("bob@example.com"), an_invitation("e@f.example")
    await _put(units, to_bob, other)
    async with units() as work:
        await work.invitations.discard(EmailAddress.parse("BOB@example.com"))
        await work.invitations.discard(EmailAddress.parse("nobody@example.com"))
        await work.commit()
    async with units.read_only() as work:
        assert await work.invitations.list_living(now=NOW, limit=9) == [other]


async def test_an_inviter_takes_their_invitations_along(
    units: UnitOfWorkFactory[ServiceUnit],
) -> None:
    """AZ-7: what a removed user has promised is worth nothing."""
    inviter, other = await keep_user(units), await keep_user(units)
    gone = an_invitation("a@example.com", inviter=inviter)
    stays = an_invitation("b@example.com", inviter=other)
    await _put(units, gone, stays)
    async with units() as work:
        assert await work.invitations.list_by(inviter.id, limit=9) == [gone]
        await work.users.remove(inviter.id)
        await work.commit()
    assert await _take(units, gone.digest) is None
    assert await _take(units, stays.digest) == stays


async def test_nobody_who_is_gone_can_invite(units: UnitOfWorkFactory[ServiceUnit]) -> None:
    with pytest.raises(ConcurrentChange):
        await _put(units, an_invitation(inviter=a_user()))


async def test_one_that_is_removed_is_returned_once(units: UnitOfWorkFactory[ServiceUnit]) -> None:
    await _put(units, invitation := an_invitation())
    async with units() as work:
        assert await work.invitations.remove(invitation.id) == invitation
        assert await work.invitations.remove(invitation.id) is None
        unknown = InvitationId.new(NOW, secrets.token_bytes)
        assert await work.invitations.remove(unknown) is None
        await work.commit()
    assert await _take(units, invitation.digest) is None


async def test_the_purge_removes_expired_ones(units: UnitOfWorkFactory[ServiceUnit]) -> None:
    living = an_invitation("a@example.com", ttl=2 * HOUR)
    await _put(units, living, an_invitation("b@example.com", ttl=HOUR))
    async with units() as work:
        assert await work.invitations.purge(now=NOW + HOUR - SECOND, limit=99) == 0
        assert await work.invitations.purge(now=NOW + HOUR, limit=99) == 1
        await work.commit()
    assert await _take(units, living.digest) == living


async def test_a_purge_removes_no_more_invitations_than_it_may(
    units: UnitOfWorkFactory[ServiceUnit],
) -> None:
    expired = [an_invitation(f"u{n}@example.com", ttl=MINUTE) for n in range(5)]
    await _put(units, *expired, living := an_invitation("a@example.com"))
    for removed, left in ((2, 3), (2, 1), (1, 0), (0, 0)):
        async with units() as work:
            assert await work.invitations.purge(now=NOW + MINUTE, limit=2) == removed
            await work.commit()
        async with units.read_only() as work:
            found = [await work.invitations.find(invitation.digest) for invitation in expired]
        assert sum(invitation is not None for invitation in found) == left
    assert await _take(units, living.digest) == living


async def test_what_a_user_has_sent_is_listed_the_oldest_first_in_pages(
    units: UnitOfWorkFactory[ServiceUnit],
) -> None:
    """HD-13: accepted or expired in the meantime or not, and nothing of another inviter's."""
    inviter, other = await keep_user(units), await keep_user(units)
    sent = [
        an_invitation(f"u{n}@example.com", inviter=inviter, at=NOW + n * SECOND, ttl=(n + 1) * HOUR)
        for n in range(5)
    ]
    await _put(units, *reversed(sent))
    await _put(units, an_invitation("x@example.com", inviter=other), an_invitation("y@example.com"))
    await _take(units, sent[1].digest)
    async with units.read_only() as work:
        first = await work.invitations.list_by(inviter.id, limit=2)
        rest = await work.invitations.list_by(inviter.id, limit=9, after=first[-1].id)
        # One that is gone still tells where to go on.
        behind = await work.invitations.list_by(inviter.id, limit=1, after=sent[1].id)
        assert await work.invitations.list_by(inviter.id, limit=9, after=sent[4].id) == []
        assert await work.invitations.list_by(a_user().id, limit=9) == []
    assert first == [sent[0], sent[2]]
    assert rest == sent[3:]
    assert behind == [sent[2]]


async def _put(units: UnitOfWorkFactory[ServiceUnit], *invitations: Invitation) -> None:
    async with units() as work:
        for invitation in invitations:
            await work.invitations.put(invitation)
        await work.commit()


async def _take(units: UnitOfWorkFactory[ServiceUnit], digest: bytes) -> Invitation | None:
    async with units() as work:
        invitation = await work.invitations.take(digest)
        await work.commit()
    return invitation


async def test_what_has_an_account_by_now_or_a_suspended_inviter_is_not_among_the_living(
    units: UnitOfWorkFactory[ServiceUnit],
) -> None:
    """AT-4: an account that was never proven takes nothing from an invitation."""
    inviter = await keep_user(units)
    unproven, proven, suspended = a_user(), a_user(), a_user()
    proven.verify_email(now=NOW)
    suspended.suspend("spam", now=NOW)
    for user in (unproven, proven, suspended):
        await keep_user(units, user)
        await _put(units, an_invitation(user.email.value))
    await _put(units, by_user := an_invitation("carol@example.com", inviter=inviter))
    async with units.read_only() as work:
        living = await work.invitations.list_living(now=NOW, limit=9)
    assert {each.email.key for each in living} == {unproven.email.key, by_user.email.key}
    async with units() as work:
        inviter.suspend("spam", now=NOW)
        await work.users.save(inviter)
        await work.commit()
    async with units.read_only() as work:
        living = await work.invitations.list_living(now=NOW, limit=9)
    assert [each.email.key for each in living] == [unproven.email.key]
