"""How long an invitation counts, and that it is worth no more than its inviter (AT-4, AZ-3)."""

from dataclasses import replace

import pytest

from domain.accounts.invitation import Invitation
from domain.credentials.one_time_token import InvalidToken
from domain.permissions import PERMISSIONS
from domain.principal import (
    ADMINISTRATOR,
    OPERATOR,
    USER,
    Permission,
    Principal,
    PrincipalKind,
    RoleName,
)
from domain.users.user import User
from tests.domain.samples import BOB, HOUR, NOW, TICK, a_user, entropy_from

REFUND = Permission("orders:refund")
SUPPORT = RoleName("support")
EVERYTHING = frozenset(PERMISSIONS)
NOTHING = frozenset[Permission]()


def an_inviter(permissions: frozenset[Permission] = NOTHING, *, role: RoleName = SUPPORT) -> User:
    """Return a user in good standing whose role gives these permissions."""
    user = a_user()
    user.verify_email(now=NOW)
    return replace(user, roles=frozenset({USER, role}), defined_permissions=permissions)


def invited(inviter: User | None, *roles: RoleName) -> Invitation:
    """Return an invitation into these roles that works for an hour; by an operator without one."""
    principal = OPERATOR
    if inviter is not None:
        principal = Principal(kind=PrincipalKind.USER, user_id=inviter.id)
    invitation, _, _ = Invitation.issue(
        email=BOB,
        roles=frozenset(roles),
        inviter=principal,
        ttl=HOUR,
        now=NOW,
        entropy=entropy_from("invitations"),
    )
    return invitation


def is_good(
    invitation: Invitation, inviter: User | None, *, given: frozenset[Permission] = NOTHING
) -> bool:
    """Tell whether the invitation can be accepted now."""
    try:
        invitation.ensure_acceptable(inviter, given=given, now=NOW)
    except InvalidToken:
        return False
    return True


def test_an_operators_counts_until_the_very_moment_of_its_end() -> None:
    """AT-4, CK-1: whatever it gives, and the end is not part of the life."""
    invitation = invited(None, ADMINISTRATOR, SUPPORT)
    invitation.ensure_acceptable(None, given=frozenset({REFUND}), now=NOW + HOUR - TICK)
    with pytest.raises(InvalidToken):
        invitation.ensure_acceptable(None, given=frozenset({REFUND}), now=NOW + HOUR)


def test_it_counts_while_its_inviter_could_send_it_again() -> None:
    """AZ-3: an account is gone, suspended, or has lost what the invitation hands on."""
    needed = frozenset({Permission("users:invite"), Permission("roles:grant"), REFUND})
    inviter = an_inviter(needed)
    invitation = invited(inviter, SUPPORT)
    assert is_good(invitation, inviter, given=frozenset({REFUND}))
    assert not is_good(invitation, None, given=frozenset({REFUND}))
    for lost in needed:
        assert not is_good(invitation, an_inviter(needed - {lost}), given=frozenset({REFUND}))
    inviter.suspend("spam", now=NOW)
    assert not is_good(invitation, inviter, given=frozenset({REFUND}))


def test_one_into_no_role_takes_no_more_than_the_right_to_invite() -> None:
    inviter = an_inviter(frozenset({Permission("users:invite")}))
    assert is_good(invited(inviter), inviter)
    assert not is_good(invited(inviter, SUPPORT), inviter)
    assert not is_good(invited(inviter), an_inviter())


def test_only_an_administrators_makes_an_administrator() -> None:
    """AZ-3: a role of all our permissions does not, nor does it hand on what a product names."""
    deputy, administrator = an_inviter(EVERYTHING), an_inviter(role=ADMINISTRATOR)
    assert is_good(invited(deputy, SUPPORT), deputy, given=EVERYTHING)
    assert not is_good(invited(deputy, SUPPORT), deputy, given=EVERYTHING | {REFUND})
    assert not is_good(invited(deputy, ADMINISTRATOR), deputy)
    assert is_good(invited(administrator, ADMINISTRATOR), administrator)
    assert is_good(invited(administrator, SUPPORT), administrator, given=EVERYTHING | {REFUND})
