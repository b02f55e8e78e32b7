"""The built-in roles, and those that are defined at run time (AZ-3)."""

from datetime import timedelta

import pytest

from domain.access.role import Role, RoleAlreadyExists, built_in_roles
from domain.assurance import Level
from domain.errors import ValidationFailed
from domain.permissions import PERMISSIONS
from domain.principal import ADMINISTRATOR, BUILT_IN, USER, Permission
from domain.vocabulary import word_of
from tests.domain.samples import NOW

STRANGE = word_of(Level, "phrh")
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
    guarded, event = Role.define(
        name="finance", description=None, permissions=[], required_acr=Level.PHR, now=NOW
    )
    assert guarded.required_acr is Level.PHR
    assert event.data() == {"role": "finance", "permissions": "", "required_acr": "phr"}


def test_the_administrator_has_everything_and_the_user_nothing() -> None:
    """The two built-in roles, and no third; a setting says from which level on the one counts."""
    guarded = built_in_roles(PERMISSIONS, administrator_acr=Level.AAL2)
    assert guarded[ADMINISTRATOR].required_acr is Level.AAL2
    assert guarded[USER].required_acr is None
    roles = built_in_roles(PERMISSIONS)
    assert roles[ADMINISTRATOR].required_acr is None
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
        {"required_acr": Level.AAL1},
        {"required_acr": word_of(Level, "phrh")},
    ],
)
def test_what_breaks_a_rule_is_refused(given: dict[str, object]) -> None:
    with pytest.raises(ValidationFailed):
        a_role(**given)


def test_a_change_that_is_none_says_nothing() -> None:
    role = a_role()
    same = role.redefine(
        description="Helps.", permissions=["orders:refund"], required_acr=None, now=LATER
    )
    assert (same, role.updated_at) == (None, NOW)
    event = role.redefine(description=None, permissions=[], required_acr=None, now=LATER)
    assert event is not None
    assert (role.permissions, role.description, role.updated_at) == (frozenset(), None, LATER)
    assert role.removed(now=LATER).name == "role.removed"


@pytest.mark.parametrize(
    ("before", "after", "said"),
    [
        (None, Level.AAL2, "aal2"),
        (Level.AAL2, Level.PHR, "phr"),
        (Level.PHR, None, "none"),
        (STRANGE, None, "none"),
        (STRANGE, Level.PHR, "phr"),
    ],
)
def test_a_change_of_the_level_alone_is_one_and_is_said(
    before: Level | None, after: Level | None, said: str
) -> None:
    """MF-2, LG-3."""
    role = a_role()
    role.required_acr = before
    event = role.redefine(
        description="Helps.", permissions=["orders:refund"], required_acr=after, now=LATER
    )
    assert event is not None
    assert (role.required_acr, role.updated_at) == (after, LATER)
    assert event.data()["required_acr"] == said


def test_a_role_that_never_asked_for_a_level_says_nothing_of_one() -> None:
    role = a_role()
    event = role.redefine(description=None, permissions=[], required_acr=None, now=LATER)
    assert event is not None
    assert "required_acr" not in event.data()


def test_a_level_of_a_newer_version_stays_through_other_changes() -> None:
    role = a_role()
    role.required_acr = STRANGE
    role.redefine(description=None, permissions=[], required_acr=STRANGE, now=LATER)
    assert role.required_acr == STRANGE


@pytest.mark.parametrize(
    ("before", "after", "is_weaker"),
    [
        (None, None, False),
        (None, Level.PHR, False),
        (Level.AAL2, Level.AAL2, False),
        (Level.AAL2, Level.PHR, False),
        (Level.AAL2, None, True),
        (Level.PHR, Level.AAL2, True),
        (Level.PHR, None, True),
        (STRANGE, STRANGE, False),
        (STRANGE, Level.PHR, True),
        (STRANGE, None, True),
    ],
)
def test_what_would_wake_the_role_in_more_sessions_is_weaker(
    before: Level | None, after: Level | None, is_weaker: bool
) -> None:
    """MF-2: of a level that is not known here, any change might."""
    role = a_role()
    role.required_acr = before
    assert role.would_be_weaker(after) is is_weaker
