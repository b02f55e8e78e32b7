"""Permissions, names of roles and principals, and the one rule of who may what (AZ-1, AZ-3)."""

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.errors import ValidationFailed
from domain.permissions import PERMISSIONS
from domain.principal import (
    ADMINISTRATOR,
    ANONYMOUS,
    OPERATOR,
    SYSTEM,
    USER,
    Permission,
    PermissionDenied,
    Principal,
    PrincipalKind,
    RoleName,
    permits,
)
from tests.domain.samples import a_user, refusal_of

PRODUCTS = Permission("orders:refund")


def test_the_permissions_are_an_append_only_snapshot() -> None:
    """Products store these words: none may ever be renamed or taken away."""
    assert PERMISSIONS == (
        "audit:read",
        "authorization:check",
        "factors:reset",
        "keys:manage",
        "roles:grant",
        "roles:read",
        "roles:write",
        "sessions:read",
        "sessions:revoke",
        "users:delete",
        "users:invite",
        "users:read",
        "users:write",
    )
    assert list(PERMISSIONS) == sorted(set(PERMISSIONS))
    assert all(Permission.parse(permission) == permission for permission in PERMISSIONS)


@pytest.mark.parametrize(
    "text", ["a:b", "users:read", "invoices-2:re_ad", "a" * 32 + ":" + "b" * 32]
)
def test_a_permission_is_namespace_and_action(text: str) -> None:
    assert Permission.parse(text) == text


NO_PERMISSIONS = [
    "", ":", "users", "users:", ":read", "Users:read", "users:Read", "users:read:own",
    "users :read",
    "users:read ", " users:read", "users:read\n", "users:*", "*:*", "1users:read", "users:1read",
    "-users:read", "üsers:read", "users：read", "a" * 33 + ":b", "a:" + "b" * 33, "users:read\0",
]  # fmt: skip


@pytest.mark.parametrize("text", NO_PERMISSIONS)
def test_everything_else_is_no_permission(text: str) -> None:
    """AZ-1: no wild cards, no other case, nothing around it."""
    assert refusal_of(lambda: Permission.parse(text)) == ("permission", "INVALID_PERMISSION")


@pytest.mark.parametrize("text", ["user", "a", "a" * 64, "head-of_it2"])
def test_a_role_has_a_plain_name(text: str) -> None:
    assert RoleName.parse(text) == text


@pytest.mark.parametrize("text", ["", "A", "1a", "_a", "a b", "a:b", "a\n", "ä", "a" * 65])
def test_everything_else_is_no_role_name(text: str) -> None:
    assert refusal_of(lambda: RoleName.parse(text)) == ("role", "INVALID_ROLE_NAME")


@given(st.text(max_size=40))
def test_any_text_is_a_name_or_refused(text: str) -> None:
    """IN-1: and what comes through is ASCII that needs no escaping anywhere."""
    for kind in (Permission, RoleName):
        try:
            name = kind.parse(text)
        except ValidationFailed:
            continue
        assert name == text
        assert set(name) <= set("abcdefghijklmnopqrstuvwxyz0123456789_-:")


def test_a_role_that_is_not_known_gives_nothing() -> None:
    """AZ-1: what we do not know is no right, however like an administrator it is called."""
    names = ["superuser", "Administrator", "administrator ", "administrators", "root"]
    unknown = frozenset(RoleName(name) for name in names)
    for permission in PERMISSIONS:
        assert not permits(unknown, frozenset(), permission)


def test_a_principal_may_do_what_it_was_given_and_nothing_else() -> None:
    """AZ-1: one permission is not another, however alike."""
    reader = Principal(kind=PrincipalKind.USER, permissions=frozenset({Permission("users:read")}))
    reader.require(Permission("users:read"))
    for other in ("users:write", "users:rea", "users:readx", "users", "", "sessions:read"):
        with pytest.raises(PermissionDenied):
            reader.require(Permission(other))


def test_a_role_is_no_permission() -> None:
    """AZ-1: but for the administrator's, a role's name gives nothing; what it gives counts."""
    roles = frozenset({USER, RoleName("support"), RoleName("users:read")})
    named = Principal(kind=PrincipalKind.USER, roles=roles)
    with pytest.raises(PermissionDenied) as denied:
        named.require(Permission("users:read"))
    assert denied.value.code == "PERMISSION_DENIED"
    assert denied.value.missing == "users:read"


def test_an_administrator_may_do_everything_also_what_no_role_gives_yet() -> None:
    """AZ-1, AZ-3: by the role alone, with no list of permissions beside it."""
    administrator = Principal(kind=PrincipalKind.USER, roles=frozenset({ADMINISTRATOR}))
    for permission in (*PERMISSIONS, PRODUCTS):
        assert administrator.may(permission)


def test_all_our_permissions_together_do_not_make_an_administrator() -> None:
    """AZ-3: a role of all of them gives those, and not what a product names."""
    everything = frozenset(PERMISSIONS)
    deputy = Principal(
        kind=PrincipalKind.USER, roles=frozenset({RoleName("deputy")}), permissions=everything
    )
    assert all(deputy.may(permission) for permission in PERMISSIONS)
    with pytest.raises(PermissionDenied) as denied:
        deputy.require(PRODUCTS)
    assert denied.value.missing == PRODUCTS


@given(
    st.frozensets(st.sampled_from([ADMINISTRATOR, USER, RoleName("deputy")])),
    st.frozensets(st.sampled_from([*PERMISSIONS, PRODUCTS])),
    st.sampled_from([*PERMISSIONS, PRODUCTS]),
)
def test_a_user_and_the_principal_made_of_one_may_do_the_same(
    roles: frozenset[RoleName], permissions: frozenset[Permission], permission: Permission
) -> None:
    """AZ-1: one rule, whether a request is decided or a product asks about a user."""
    user = replace(a_user(), roles=roles, defined_permissions=permissions)
    principal = Principal(kind=PrincipalKind.USER, roles=roles, permissions=permissions)
    assert user.may(permission) is principal.may(permission)
    assert user.may(permission) is (ADMINISTRATOR in roles or permission in permissions)


def test_the_anonymous_may_do_nothing_and_the_operator_everything() -> None:
    """AZ-3: the command line is where the first administrator comes from."""
    for permission in PERMISSIONS:
        OPERATOR.require(permission)
        SYSTEM.require(permission)
        with pytest.raises(PermissionDenied):
            ANONYMOUS.require(permission)
