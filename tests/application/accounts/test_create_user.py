"""Users made by an operator (AZ-3, AT-9)."""

import pytest

from application.factors.sign_in import InvalidCredentials
from domain.access.role import RoleNotFound
from domain.credentials.one_time_token import Purpose
from domain.credentials.password_policy import PasswordRejected
from domain.errors import DomainError, ValidationFailed
from domain.principal import (
    ANONYMOUS,
    OPERATOR,
    Permission,
    PermissionDenied,
    Principal,
    PrincipalKind,
)
from domain.users.user import EmailAlreadyRegistered, UserStatus
from tests.application.stories import ADA, ORIGIN, OTHER_PASSWORD, PASSWORD, Service, kinds


def who_may(*permissions: str) -> Principal:
    """Return a user's principal with those permissions."""
    return Principal(
        kind=PrincipalKind.USER, permissions=frozenset(Permission(p) for p in permissions)
    )


async def test_a_verified_user_with_a_password_can_sign_in_at_once() -> None:
    """LG-3: one commit, and a row for each thing that happened, by the operator."""
    service = Service()
    user = await service.operator_makes(OPERATOR, roles=["administrator"])
    assert user.status is UserStatus.ACTIVE
    assert user.roles == {"user", "administrator"}
    assert service.units.commits == 1
    rows = service.audited()
    assert kinds(rows) == ["user.registered", "role.granted", "user.email_verified"]
    assert {row.actor.kind for row in rows} == {"operator"}
    assert service.queue() == []
    await service.sign_in()


async def test_an_unverified_user_with_a_password_gets_a_verification_mail() -> None:
    """AT-7: the operator's word for the password is no proof of the mailbox."""
    service = Service()
    user = await service.operator_makes(OPERATOR, verified=False)
    assert user.status is UserStatus.UNVERIFIED
    assert service.purposes() == {Purpose.EMAIL_VERIFICATION}
    await service.confirm(await service.mailed_token())
    await service.sign_in()


@pytest.mark.parametrize("verified", [True, False])
async def test_a_user_without_a_password_gets_a_mail_to_set_one(verified: bool) -> None:
    """AZ-4: no other person ever sees it, and until then nothing signs in."""
    service = Service()
    await service.operator_makes(OPERATOR, password=None, verified=verified)
    assert service.spent_hashes == 0
    with pytest.raises(InvalidCredentials):
        await service.sign_in()
    await service.reset_password(await service.mailed_token())
    await service.sign_in(password=OTHER_PASSWORD)


@pytest.mark.parametrize(
    ("principal", "roles"),
    [
        (ANONYMOUS, []),
        (who_may(), []),
        (who_may("users:read", "users:invite", "roles:grant"), []),
        (who_may("users:write"), ["user"]),
        (who_may("users:write"), ["administrator"]),
        (who_may("users:write", "roles:grant"), ["administrator"]),
        (who_may("users:write", "roles:grant"), ["user", "administrator"]),
    ],
)
async def test_no_caller_makes_more_than_they_may(principal: Principal, roles: list[str]) -> None:
    """AZ-1, AZ-3, AT-9: nor grants a permission that they lack; no hash, no write."""
    service = Service()
    async with service.unchanged():
        with pytest.raises(PermissionDenied):
            await service.operator_makes(principal, roles=roles)
    assert service.spent_hashes == 0


async def test_a_caller_who_may_make_users_makes_users() -> None:
    """AZ-3: what a role gives is asked for, and the role without rights gives nothing."""
    service = Service()
    user = await service.operator_makes(who_may("users:write", "roles:grant"), roles=["user"])
    assert user.roles == {"user"}
    assert service.audited("role.granted") == []


@pytest.mark.parametrize(
    ("email", "password", "roles", "error"),
    [
        ("nobody", PASSWORD, [], ValidationFailed),
        (ADA, "short", [], PasswordRejected),
        (ADA, "passwordpassword", [], PasswordRejected),
        (ADA, PASSWORD, ["superuser"], RoleNotFound),
        (ADA, PASSWORD, ["administrator", "superuser"], RoleNotFound),
        (ADA, PASSWORD, ["Administrator"], ValidationFailed),
    ],
)
async def test_bad_input_writes_nothing(
    email: str, password: str, roles: list[str], error: type[DomainError]
) -> None:
    """(I2): refused before anything slow."""
    service = Service()
    async with service.unchanged():
        with pytest.raises(error):
            await service.operator_makes(OPERATOR, email, password=password, roles=roles)
    assert service.spent_hashes == 0


async def test_a_bad_name_writes_nothing() -> None:
    """LG-2: the same rule as for every user."""
    service = Service()
    async with service.unchanged():
        with pytest.raises(ValidationFailed):
            await service.accounts.create_user(
                principal=OPERATOR,
                email=ADA,
                password=None,
                display_name="a\nb",
                roles=[],
                verified=True,
                origin=ORIGIN,
            )


async def test_an_operator_may_know_that_an_address_is_taken() -> None:
    """AT-10: and in no spelling does it get a second account."""
    service = Service()
    await service.sign_up()
    async with service.unchanged():
        with pytest.raises(EmailAlreadyRegistered):
            await service.operator_makes(OPERATOR, "ADA@Example.com")
