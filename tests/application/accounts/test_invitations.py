"""Inviting people (AT-4, AT-7, AZ-3)."""

import asyncio

import pytest

from application.paging import PageRequest
from domain.access.role import RoleNotFound
from domain.accounts.invitation import InvitationNotFound
from domain.credentials.one_time_token import InvalidToken
from domain.credentials.password_policy import PasswordRejected
from domain.errors import DomainError, TooManyRequests, ValidationFailed
from domain.permissions import PERMISSIONS
from domain.principal import (
    ADMINISTRATOR,
    ANONYMOUS,
    OPERATOR,
    USER,
    Permission,
    PermissionDenied,
    Principal,
    PrincipalKind,
)
from domain.users.user import EmailAlreadyRegistered, UserStatus
from tests.application.service import DAY
from tests.application.stories import (
    ADA,
    ORIGIN,
    OTHER_PASSWORD,
    PASSWORD,
    Service,
    kinds,
    principal_of,
)

BOB = "bob@example.com"


async def an_administrator(service: Service) -> Principal:
    """Return an administrator with an account."""
    await service.operator_makes(OPERATOR, ADA, roles=["administrator"])
    return principal_of(await service.sign_in(ADA))


async def test_accepting_makes_a_verified_account_with_the_roles() -> None:
    service = Service()
    principal = await an_administrator(service)
    invitation = await service.invite(principal, BOB, ["administrator"])
    assert invitation.invited_by == principal.user_id
    assert invitation.roles == {ADMINISTRATOR}
    user = await service.accept_invitation(await service.mailed_token(BOB), name="Bob")
    assert (user.status, user.display_name) == (UserStatus.ACTIVE, "Bob")
    assert user.roles == {ADMINISTRATOR, USER}
    assert (await service.sign_in(BOB)).user.id == user.id
    rows = service.audited("user.invited", "user.registered", "user.invitation_accepted")
    assert kinds(rows)[1:] == ["user.invited", "user.registered", "user.invitation_accepted"]
    assert rows[1].target is not None
    assert (rows[1].target.kind, rows[1].target.id) == ("invitation", str(invitation.id))


async def test_it_can_be_spent_once_and_for_nothing_else() -> None:
    """AT-4, AT-5: also by many at once."""
    service = Service()
    await service.invite(OPERATOR, BOB)
    token = await service.mailed_token(BOB)
    for spend in (service.confirm, service.reset_password, service.confirm_move):
        with pytest.raises(InvalidToken):
            await spend(token)
    outcomes = await asyncio.gather(
        *(service.accept_invitation(token) for _ in range(8)), return_exceptions=True
    )
    assert sorted(type(outcome).__name__ for outcome in outcomes) == ["InvalidToken"] * 7 + ["User"]


async def test_a_newer_one_replaces_it_and_it_expires_and_can_be_withdrawn() -> None:
    """AT-4."""
    service = Service()
    await service.invite(OPERATOR, BOB)
    first = await service.mailed_token(BOB)
    second_invitation = await service.invite(OPERATOR, "BOB@example.com")
    second = await service.mailed_token("BOB@example.com")
    with pytest.raises(InvalidToken):
        await service.accept_invitation(first)
    await service.accounts.withdraw_invitation(
        principal=OPERATOR, invitation_id=second_invitation.id, origin=ORIGIN
    )
    with pytest.raises(InvalidToken):
        await service.accept_invitation(second)
    await service.invite(OPERATOR, BOB)
    third = await service.mailed_token(BOB)
    service.clock.advance(7 * DAY)
    with pytest.raises(InvalidToken):
        await service.accept_invitation(third)
    assert kinds(service.audited("user.invitation_withdrawn")) == ["user.invitation_withdrawn"]


async def test_a_bad_password_or_name_leaves_it_good() -> None:
    """PW-3: and nothing is hashed."""
    service = Service()
    await service.invite(OPERATOR, BOB)
    token = await service.mailed_token(BOB)
    async with service.unchanged():
        with pytest.raises(PasswordRejected):
            await service.accept_invitation(token, "short")
        with pytest.raises(ValidationFailed):
            await service.accept_invitation(token, name="x" * 101)
        with pytest.raises(InvalidToken):
            await service.accept_invitation(token[:-1])
    assert service.spent_hashes == 0
    await service.accept_invitation(token)


async def test_no_caller_invites_without_the_permission_or_into_what_they_lack() -> None:
    """AZ-1, AZ-3."""
    service = Service()
    inviter = await service.verified_user(ADA)
    only_invite = Principal(
        kind=PrincipalKind.USER,
        user_id=inviter.id,
        permissions=frozenset({Permission("users:invite")}),
    )
    may_grant = Principal(
        kind=PrincipalKind.USER,
        user_id=inviter.id,
        permissions=frozenset({Permission("users:invite"), Permission("roles:grant")}),
    )
    async with service.unchanged():
        for principal, roles in (
            (ANONYMOUS, []),
            (only_invite, ["user"]),
            (may_grant, ["administrator"]),
        ):
            with pytest.raises(PermissionDenied):
                await service.invite(principal, BOB, roles)
        with pytest.raises(RoleNotFound):
            await service.invite(OPERATOR, BOB, ["nobody"])
        with pytest.raises(PermissionDenied):
            await service.accounts.list_invitations(principal=ANONYMOUS, asked=PageRequest(9))
    await service.invite(only_invite, BOB)


async def test_it_is_worth_no_more_than_its_inviter() -> None:
    """AZ-3: a suspended, demoted or erased administrator hands nothing on."""
    for fate in ("suspended", "demoted", "erased"):
        service = Service()
        principal = await an_administrator(service)
        await service.invite(principal, BOB, ["administrator"])
        token = await service.mailed_token(BOB)
        if fate == "suspended":
            await service.suspend(ADA)
        elif fate == "erased":
            await service.erase(ADA)
        else:
            await service.operator_makes(OPERATOR, "root@example.com", roles=["administrator"])
            await service.access.set_role(
                principal=OPERATOR,
                user_id=service.user(ADA).id,
                role="administrator",
                held=False,
                origin=ORIGIN,
            )
        with pytest.raises(InvalidToken):
            await service.accept_invitation(token)


async def test_a_mailbox_with_an_account_is_not_invited() -> None:
    """An inviter may know; and an account that came since is left alone."""
    service = Service()
    await service.invite(OPERATOR, BOB)
    token = await service.mailed_token(BOB)
    await service.verified_user(BOB, OTHER_PASSWORD)
    with pytest.raises(EmailAlreadyRegistered):
        await service.invite(OPERATOR, BOB)
    with pytest.raises(EmailAlreadyRegistered):
        await service.accept_invitation(token)
    await service.sign_in(BOB, OTHER_PASSWORD)


async def test_a_planted_account_becomes_the_invited_ones() -> None:
    """AT-7: password, session, name and mailed secrets of the planter give nothing."""
    service = Service(verified_only=False)
    await service.sign_up(BOB, OTHER_PASSWORD, name="Mallory")
    proof = await service.mailed_token(BOB)
    planted = await service.sign_in(BOB, OTHER_PASSWORD)
    await service.invite(OPERATOR, BOB)
    user = await service.accept_invitation(await service.mailed_token(BOB))
    assert (user.id, user.display_name, user.is_verified) == (planted.user.id, None, True)
    with pytest.raises(DomainError, match="not right"):
        await service.sign_in(BOB, OTHER_PASSWORD)
    with pytest.raises(DomainError, match="ended"):
        await service.authenticate(planted)
    with pytest.raises(InvalidToken):
        await service.confirm(proof)
    await service.sign_in(BOB, PASSWORD)


async def test_the_list_shows_what_can_still_be_accepted_page_by_page() -> None:
    """AZ-6."""
    service = Service()
    principal = await an_administrator(service)
    made = [await service.invite(principal, f"u{n}@example.com") for n in range(3)]
    first = await service.accounts.list_invitations(principal=principal, asked=PageRequest(2))
    assert first.items == [made[2], made[1]]
    assert first.next_cursor is not None
    rest = await service.accounts.list_invitations(
        principal=principal, asked=PageRequest(2, first.next_cursor)
    )
    assert (rest.items, rest.next_cursor) == ([made[0]], None)
    with pytest.raises(DomainError, match="cursor"):
        await service.accounts.list_invitations(
            principal=OPERATOR, asked=PageRequest(2, first.next_cursor)
        )


async def test_what_can_no_longer_be_accepted_is_neither_listed_nor_counted() -> None:
    """AT-4, AZ-3: expired, taken by an account, or of an inviter who could not send it any more."""
    service = Service()
    principal = await an_administrator(service)
    await service.operator_makes(OPERATOR, "root@example.com", roles=["administrator"])
    await service.invite(OPERATOR, "expired@example.com")
    service.clock.advance(6 * DAY)
    await service.invite(principal, "demoted@example.com", ["administrator"])
    await service.invite(OPERATOR, "taken@example.com")
    await service.verified_user("taken@example.com")
    for number in range(4):
        await service.invite(OPERATOR, f"open{number}@example.com")
    await service.invite(OPERATOR, "planted@example.com")
    await service.sign_up("planted@example.com")  # never proven: it can be accepted all the same
    assert len(await listed(service)) == 7
    service.clock.advance(DAY)
    assert len(await listed(service)) == 6
    await service.set_role(service.user(ADA), "administrator", held=False)
    assert await listed(service) == ["planted", "open3", "open2", "open1", "open0"]


async def listed(service: Service) -> list[str]:
    """Return all that is listed, in pages of two that each say how many there are."""
    found: list[str] = []
    cursor = None
    while True:
        page = await service.accounts.list_invitations(
            principal=OPERATOR, asked=PageRequest(2, cursor, counted=True)
        )
        found += [each.email.local_part for each in page.items]
        cursor = page.next_cursor
        if cursor is None:
            assert page.count == len(found)
            return found


async def test_what_is_not_there_cannot_be_withdrawn() -> None:
    service = Service()
    invitation = await service.invite(OPERATOR, BOB)
    service.clock.advance(8 * DAY)
    async with service.unchanged():
        with pytest.raises(InvitationNotFound):
            await service.accounts.withdraw_invitation(
                principal=OPERATOR, invitation_id=invitation.id, origin=ORIGIN
            )


async def test_a_mailbox_gets_only_so_many() -> None:
    """RL-4: and the inviter, who is no stranger, is told."""
    service = Service()
    for _ in range(10):
        await service.invite(OPERATOR, BOB)
    with pytest.raises(TooManyRequests) as refused:
        await service.invite(OPERATOR, BOB)
    assert refused.value.retry_after is not None


async def test_an_invitation_does_not_outlive_the_account_that_came_of_its_address() -> None:
    """AZ-7, HD-13: who was erased comes back with nothing, and is nowhere listed."""
    service = Service()
    principal = await an_administrator(service)
    await service.invite(principal, BOB, ["administrator"])
    token = await service.mailed_token(BOB)
    user = await service.verified_user(BOB)
    await service.accounts.erase_user(
        principal=OPERATOR, user_id=user.id, expected=None, origin=ORIGIN
    )
    with pytest.raises(InvalidToken):
        await service.accept_invitation(token)
    page = await service.accounts.list_invitations(principal=principal, asked=PageRequest(9))
    assert page.items == []


async def test_a_role_of_all_our_permissions_hands_on_those_and_nothing_else() -> None:
    """AZ-3: neither what a product names nor `administrator`, sent or accepted."""
    service = Service()
    await service.define_role("deputy", PERMISSIONS)
    await service.define_role("refunds", ["orders:refund"])
    await service.operator_makes(OPERATOR, "root@example.com", roles=["administrator"])
    await service.operator_makes(OPERATOR, ADA, roles=["administrator", "deputy"])
    former = principal_of(await service.sign_in(ADA))
    dead = []
    for number, role in enumerate(["administrator", "refunds"]):
        await service.invite(former, f"u{number}@example.com", [role])
        dead.append(await service.mailed_token(f"u{number}@example.com"))
    await service.set_role(service.user(ADA), "administrator", held=False)
    for token in dead:
        with pytest.raises(InvalidToken):
            await service.accept_invitation(token)

    deputy = principal_of(await service.sign_in(ADA))
    async with service.unchanged():
        for role in ("administrator", "refunds"):
            with pytest.raises(PermissionDenied):
                await service.invite(deputy, BOB, [role])
    await service.invite(deputy, BOB, ["deputy"])
    assert "deputy" in (await service.accept_invitation(await service.mailed_token(BOB))).roles

    await service.set_role(service.user(ADA), "administrator")
    for token in dead:
        assert (await service.accept_invitation(token)).is_verified
