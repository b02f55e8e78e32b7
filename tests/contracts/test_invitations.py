"""What every repository of invitations promises."""

import secrets
from datetime import datetime, timedelta

import pytest

from application.ports.unit_of_work import UnitOfWorkFactory
from domain.access import ADMINISTRATOR, OPERATOR, USER, Principal, PrincipalKind
from domain.email_address import EmailAddress
from domain.errors import ConcurrentChange
from domain.identifiers import InvitationId
from domain.invitation import Invitation
from domain.user import User
from tests.contracts.samples import HOUR, MINUTE, NOW, SECOND, a_user, in_parallel, keep_user


def an_invitation(
    email: str = "bob@example.com",
    *,
    inviter: User | None = None,
    at: datetime = NOW,
    ttl: timedelta = HOUR,
) -> Invitation:
    """Return an invitation by that user, or by an operator."""
    principal = (
        Principal(kind=PrincipalKind.USER, user_id=inviter.id) if inviter is not None else OPERATOR
    )
    invitation, _, _ = Invitation.issue(
        email=EmailAddress.parse(email),
        roles=frozenset({ADMINISTRATOR.name, USER.name}),
        inviter=principal,
        ttl=ttl,
        now=at,
        entropy=secrets.token_bytes,
    )
    return invitation


async def test_an_invitation_comes_out_as_it_went_in(units: UnitOfWorkFactory) -> None:
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


async def test_an_invitation_that_was_taken_is_gone(units: UnitOfWorkFactory) -> None:
    """AT-4: single use, also under concurrency; and a rollback gives it back (DU-5)."""
    await _put(units, invitation := an_invitation())
    async with units() as work:
        assert await work.invitations.take(invitation.digest) == invitation
    taken = await in_parallel(_take(units, invitation.digest) for _ in range(20))
    assert [outcome for outcome in taken if outcome is not None] == [invitation]


async def test_a_newer_one_to_the_same_mailbox_replaces_the_older(
    units: UnitOfWorkFactory,
) -> None:
    """AT-4, AT-10: whatever the spelling, a mailbox has one."""
    older, newer = an_invitation("bob@example.com"), an_invitation("BOB@example.com")
    await _put(units, older)
    await _put(units, newer)
    assert await _take(units, older.digest) is None
    assert await _take(units, newer.digest) == newer


async def test_those_that_can_still_be_accepted_are_listed_the_newest_first_in_pages(
    units: UnitOfWorkFactory,
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
        assert await work.invitations.count_living(now=now) == 5
        assert await work.invitations.count_living(now=NOW + HOUR + MINUTE) == 0


async def test_an_invitation_goes_with_the_mailbox(units: UnitOfWorkFactory) -> None:
    """HD-13: whatever the spelling, and no other one."""
    to_bob, other = an_invitation("bob@example.com"), an_invitation("e@f.example")
    await _put(units, to_bob, other)
    async with units() as work:
        await work.invitations.discard(EmailAddress.parse("BOB@example.com"))
        await work.invitations.discard(EmailAddress.parse("nobody@example.com"))
        await work.commit()
    async with units.read_only() as work:
        assert await work.invitations.list_living(now=NOW, limit=9) == [other]


async def test_an_inviter_takes_their_invitations_along(units: UnitOfWorkFactory) -> None:
    """AZ-7: what was promised by somebody who is gone is worth nothing."""
    inviter, other = await keep_user(units), await keep_user(units)
    gone = an_invitation("a@example.com", inviter=inviter)
    stays = an_invitation("b@example.com", inviter=other)
    await _put(units, gone, stays)
    async with units() as work:
        assert await work.invitations.list_by(inviter.id) == [gone]
        await work.users.remove(inviter.id)
        await work.commit()
    assert await _take(units, gone.digest) is None
    assert await _take(units, stays.digest) == stays


async def test_nobody_who_is_gone_can_invite(units: UnitOfWorkFactory) -> None:
    with pytest.raises(ConcurrentChange):
        await _put(units, an_invitation(inviter=a_user()))


async def test_one_that_is_removed_is_returned_once(units: UnitOfWorkFactory) -> None:
    await _put(units, invitation := an_invitation())
    async with units() as work:
        assert await work.invitations.remove(invitation.id) == invitation
        assert await work.invitations.remove(invitation.id) is None
        unknown = InvitationId.new(NOW, secrets.token_bytes)
        assert await work.invitations.remove(unknown) is None
        await work.commit()
    assert await _take(units, invitation.digest) is None


async def test_the_purge_removes_expired_ones(units: UnitOfWorkFactory) -> None:
    living = an_invitation("a@example.com", ttl=2 * HOUR)
    await _put(units, living, an_invitation("b@example.com", ttl=HOUR))
    async with units() as work:
        assert await work.invitations.purge(now=NOW + HOUR - SECOND) == 0
        assert await work.invitations.purge(now=NOW + HOUR) == 1
        await work.commit()
    assert await _take(units, living.digest) == living


async def _put(units: UnitOfWorkFactory, *invitations: Invitation) -> None:
    async with units() as work:
        for invitation in invitations:
            await work.invitations.put(invitation)
        await work.commit()


async def _take(units: UnitOfWorkFactory, digest: bytes) -> Invitation | None:
    async with units() as work:
        invitation = await work.invitations.take(digest)
        await work.commit()
    return invitation
