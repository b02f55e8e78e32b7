"""Permissions, roles and principals (AZ-1, AT-9)."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.access import (
    ADMINISTRATOR,
    ANONYMOUS,
    OPERATOR,
    PERMISSIONS,
    SYSTEM,
    USER,
    Permission,
    PermissionDenied,
    Principal,
    PrincipalKind,
    RoleName,
    built_in_permissions,
)
from domain.errors import ValidationFailed
from tests.domain.samples import refusal_of


def test_the_permissions_are_an_append_only_snapshot() -> None:
    """Products store these words: none may ever be renamed or taken away."""
    assert PERMISSIONS == (
        "audit:read",
        "authorization:check",
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


def test_the_administrator_has_everything_and_the_user_nothing() -> None:
    """api.md: the two built-in roles."""
    assert built_in_permissions(frozenset({ADMINISTRATOR.name})) == set(PERMISSIONS)
    assert built_in_permissions(frozenset({USER.name})) == set()
    assert built_in_permissions(frozenset({USER.name, ADMINISTRATOR.name})) == set(PERMISSIONS)
    assert built_in_permissions(frozenset()) == set()


def test_a_role_that_is_no_longer_known_gives_nothing() -> None:
    """AZ-1: what we do not know is no right."""
    assert (
        built_in_permissions(frozenset({RoleName("superuser"), RoleName("Administrator")})) == set()
    )


def test_a_principal_may_do_what_it_was_given_and_nothing_else() -> None:
    """AZ-1: one permission is not another, however alike."""
    reader = Principal(kind=PrincipalKind.USER, permissions=frozenset({Permission("users:read")}))
    reader.require(Permission("users:read"))
    for other in ("users:write", "users:rea", "users:readx", "users", "", "sessions:read"):
        with pytest.raises(PermissionDenied):
            reader.require(Permission(other))


def test_a_role_is_no_permission() -> None:
    """AZ-1: naming the administrator gives nothing; only resolved permissions count."""
    named = Principal(kind=PrincipalKind.USER, roles=frozenset({ADMINISTRATOR.name}))
    with pytest.raises(PermissionDenied) as denied:
        named.require(Permission("users:read"))
    assert denied.value.code == "PERMISSION_DENIED"


def test_nobody_may_do_nothing_and_the_operator_everything() -> None:
    """AZ-3: the command line is where the first administrator comes from."""
    for permission in PERMISSIONS:
        OPERATOR.require(permission)
        SYSTEM.require(permission)
        with pytest.raises(PermissionDenied):
            ANONYMOUS.require(permission)
