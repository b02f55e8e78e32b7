"""The built-in roles, and those that are defined at run time (AZ-3)."""

from datetime import timedelta

import pytest

from domain.access.role import Role, RoleAlreadyExists, built_in_roles
from domain.errors import ValidationFailed
from domain.permissions import PERMISSIONS
from domain.principal import ADMINISTRATOR, BUILT_IN, USER, Permission
from tests.domain.samples import NOW

LATER = NOW + timedelta(minutes=1)


def a_role(**given: object) -> Role:
    """Return a new role."""
    chosen = {"name": "support", "description": " Helps. ", "permissions": ["orders:refund"]}
    role, _ = Role.define(now=NOW, **{**chosen, **given})  # type: ignore[arg-type]  # for brevity
    return role


def test_a_role_says_what_it_gives() -> None:
    role, event = Role.define(
        name="support",
        description=None,
        permissions=["users:read", "orders:refund", "users:read"],
        now=NOW,
    )
    assert role.permissions == {Permission("orders:refund"), Permission("users:read")}
    assert event.target == ("role", "support")
    assert event.data() == {"role": "support", "permissions": "orders:refund,users:read"}
    assert a_role().description == "Helps."


def test_the_administrator_has_everything_and_the_user_nothing() -> None:
    """The two built-in roles, and no third."""
    roles = built_in_roles(PERMISSIONS)
    assert set(roles) == BUILT_IN == {ADMINISTRATOR, USER}
    assert all(role.name == name for name, role in roles.items())
    assert roles[ADMINISTRATOR].permissions == set(PERMISSIONS)
    assert roles[USER].permissions == set()


@pytest.mark.parametrize("name", ["administrator", "user"])
def test_a_built_in_name_is_taken(name: str) -> None:
    with pytest.raises(RoleAlreadyExists):
        a_role(name=name)


@pytest.mark.parametrize(
    "given",
    [
        {"name": "Support"},
        {"name": ""},
        {"permissions": ["orders"]},
        {"permissions": ["a:b,c:d"]},
        {"permissions": [f"a{n}:b" for n in range(201)]},
        {"description": "x" * 501},
        {"description": "two\nlines"},
    ],
)
def test_what_breaks_a_rule_is_refused(given: dict[str, object]) -> None:
    with pytest.raises(ValidationFailed):
        a_role(**given)


def test_a_change_that_is_none_says_nothing() -> None:
    role = a_role()
    same = role.redefine(description="Helps.", permissions=["orders:refund"], now=LATER)
    assert (same, role.updated_at) == (None, NOW)
    event = role.redefine(description=None, permissions=[], now=LATER)
    assert event is not None
    assert (role.permissions, role.description, role.updated_at) == (frozenset(), None, LATER)
    assert role.removed(now=LATER).name == "role.removed"
