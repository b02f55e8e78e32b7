"""Permissions, names of roles and principals, and the one rule of who may what (AZ-1, AZ-3)."""

from dataclasses import replace
from datetime import UTC, datetime
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.assurance import Assurance, Level, StepUpRequired
from domain.errors import ValidationFailed
from domain.identifiers import ApiKeyId
from domain.permissions import PERMISSIONS
from domain.principal import (
    ADMINISTRATOR,
    ANONYMOUS,
    NO_AUTHORITY,
    OPERATOR,
    SYSTEM,
    USER,
    Authority,
    Guards,
    Permission,
    PermissionDenied,
    PersonRequired,
    Principal,
    PrincipalKind,
    RoleName,
    permits,
)
from domain.vocabulary import word_of
from tests.domain.samples import a_user, refusal_of

PRODUCTS = Permission("orders:refund")


def test_the_permissions_are_an_append_only_snapshot() -> None:
    """Products store these words: none may ever be renamed or taken away."""
    assert PERMISSIONS == (
        "api-keys:read",
        "api-keys:revoke",
        "audit:read",
        "authorization:check",
        "factors:reset",
        "keys:manage",
        "roles:grant",
        "roles:read",
        "roles:write",
        "service-accounts:read",
        "service-accounts:write",
        "sessions:read",
        "sessions:revoke",
        "tokens:introspect",
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


# --- roles that ask for a level ------------------------------------------------------------------

STRANGE = word_of(Level, "phrh")
LEVELS = [*Level, STRANGE]
ROLES = [ADMINISTRATOR, USER, RoleName("deputy"), RoleName("finance")]
AT = datetime(2026, 11, 28, 9, 30, tzinfo=UTC)
levels = st.sampled_from(LEVELS) | st.none()
permissions = st.frozensets(st.sampled_from([*PERMISSIONS[:4], PRODUCTS]))


@st.composite
def accounts(draw: st.DrawFn) -> Authority:
    """Return what the roles of an account give, each from a level on or in every session."""
    held = draw(st.frozensets(st.sampled_from(ROLES)))
    guards = {role: draw(levels) for role in sorted(held)}
    given = {role: draw(permissions) for role in sorted(held - {ADMINISTRATOR, USER})}
    required = {role: level for role, level in guards.items() if level is not None}
    pairs = [(each, guards[role]) for role, those in given.items() for each in those]
    return Authority(
        held,
        frozenset[Permission]().union(*given.values()),
        Guards.of(roles=required, given=pairs),
    )


def allowed(authority: Authority) -> set[Permission]:
    """Return all that may be done of what there is in these tests."""
    return {each for each in (*PERMISSIONS, PRODUCTS) if authority.may(each)}


def a_caller(authority: Authority, level: Level) -> Principal:
    """Return who comes with a session of that level."""
    here = authority.at(level)
    return Principal(
        kind=PrincipalKind.USER,
        roles=here.roles,
        permissions=here.permissions,
        guards=here.guards,
        assurance=Assurance(level, ("pwd",), AT),
    )


@given(accounts(), st.sampled_from(LEVELS), st.sampled_from(LEVELS))
def test_no_session_gives_more_than_one_of_a_higher_level_or_than_the_account(
    account: Authority, lower: Level, higher: Level
) -> None:
    """MF-2: whatever the roles, what they give, and what they ask for."""
    here, there = account.at(lower), account.at(higher)
    for part in (here, there):
        assert part.roles <= account.roles
        assert part.permissions <= account.permissions
        assert allowed(part) <= allowed(account)
        assert part.dormant.keys() == account.roles - part.roles
    if higher.reaches(lower) or lower is STRANGE:
        assert here.roles <= there.roles
        assert here.permissions <= there.permissions
        assert allowed(here) <= allowed(there)


@given(accounts(), st.sampled_from(LEVELS))
def test_a_permission_counts_as_soon_as_one_role_that_gives_it_does(
    account: Authority, level: Level
) -> None:
    """MF-2: a role without a level gives what it gives, also beside one that asks for one."""
    here = account.at(level)
    for permission, required in account.guards.permissions.items():
        assert (permission in here.permissions) is level.reaches(required)
    assert account.permissions - account.guards.permissions.keys() <= here.permissions


@given(accounts(), st.sampled_from(LEVELS), st.sampled_from([*PERMISSIONS, PRODUCTS]))
def test_a_refusal_names_the_lowest_level_that_would_do_or_is_final(
    account: Authority, level: Level, permission: Permission
) -> None:
    """MF-2, AZ-1: 401 where a proof would help, 403 where nothing would."""
    caller = a_caller(account, level)
    enough = [each for each in Level if account.at(each).may(permission)]
    if caller.may(permission):
        caller.require(permission)
    elif enough:
        with pytest.raises(StepUpRequired) as refused:
            caller.require(permission)
        assert (refused.value.acr, refused.value.max_age) == (enough[0], None)
        assert refused.value.missing == permission
    else:
        with pytest.raises(PermissionDenied) as denied:
            caller.require(permission)
        assert denied.value.missing == permission


READER, AUDITOR = Permission("users:read"), Permission("audit:read")
GUARDED = Authority(
    frozenset({USER, RoleName("finance"), RoleName("vault")}),
    frozenset({READER, AUDITOR, PRODUCTS}),
    Guards(
        {RoleName("finance"): Level.AAL2, RoleName("vault"): Level.PHR},
        {AUDITOR: Level.AAL2, PRODUCTS: Level.PHR},
    ),
)


def test_of_several_permissions_the_highest_level_is_told() -> None:
    """MF-2: one proof is enough for the whole request."""
    caller = a_caller(GUARDED, Level.AAL1)
    caller.require()
    caller.require(READER)
    for needed, acr in (((READER, AUDITOR), "aal2"), ((AUDITOR, PRODUCTS), "phr")):
        with pytest.raises(StepUpRequired) as refused:
            caller.require(*needed)
        assert refused.value.acr == acr
    with pytest.raises(PermissionDenied) as denied:
        caller.require(AUDITOR, Permission("users:write"))
    assert denied.value.missing == "users:write"
    a_caller(GUARDED, Level.PHR).require(READER, AUDITOR, PRODUCTS)


@pytest.mark.parametrize(
    ("administrator", "role", "acr"),
    [("phr", "aal2", "aal2"), ("aal2", "phr", "aal2"), ("phr", STRANGE, "phr")],
)
def test_of_two_roles_that_give_it_the_one_that_wakes_first_is_told(
    administrator: str, role: str, acr: str
) -> None:
    """MF-2: a level that is not known here is none that could be shown."""
    guards = Guards.of(
        roles={RoleName("finance"): word_of(Level, role)},
        given=[(PRODUCTS, word_of(Level, role))],
    ).beside(ADMINISTRATOR, Level(administrator))
    roles = frozenset({ADMINISTRATOR, RoleName("finance")})
    caller = a_caller(Authority(roles, frozenset({PRODUCTS}), guards), Level.AAL1)
    with pytest.raises(StepUpRequired) as refused:
        caller.require(PRODUCTS)
    assert refused.value.acr == acr


def test_a_role_that_has_to_be_awake_counts_like_a_permission() -> None:
    """MF-2: and one that the caller does not have does not matter."""
    finance, vault = RoleName("finance"), RoleName("vault")
    caller = a_caller(GUARDED, Level.AAL1)
    caller.require(READER, awake=[RoleName("other"), USER])
    with pytest.raises(StepUpRequired) as refused:
        caller.require(AUDITOR, awake=[finance, vault])
    assert refused.value.acr is Level.PHR
    a_caller(GUARDED, Level.AAL2).require(AUDITOR, awake=[finance])
    strange = Authority(frozenset({finance}), frozenset(), Guards({finance: STRANGE}, {}))
    with pytest.raises(PermissionDenied):
        a_caller(strange, Level.PHR).require(awake=[finance])


def test_a_session_reaches_a_level_or_is_told_which() -> None:
    """MF-2: together with what else is asked for, and only those who have a session."""
    caller = a_caller(GUARDED, Level.AAL2)
    caller.require(AUDITOR, acr=Level.AAL2)
    OPERATOR.require(AUDITOR, acr=Level.PHR)
    SYSTEM.require(acr=STRANGE)
    for weak, level in ((caller, Level.PHR), (a_caller(GUARDED, Level.AAL1), Level.PHR)):
        with pytest.raises(StepUpRequired) as refused:
            weak.require(AUDITOR, acr=level)
        assert refused.value.acr is Level.PHR
    with pytest.raises(PermissionDenied):
        caller.require(acr=STRANGE)
    with pytest.raises(StepUpRequired):
        ANONYMOUS.require(acr=Level.AAL2)


def test_no_step_up_is_asked_of_a_key_which_can_take_none() -> None:
    """MF-2: what takes a session of a higher level takes a person, and says so."""
    by_key = replace(a_caller(NO_AUTHORITY, Level.AAL1), key_id=ApiKeyId(UUID(int=1)))
    with pytest.raises(PersonRequired):
        by_key.require(acr=Level.AAL2)
    with pytest.raises(PermissionDenied):
        by_key.require(AUDITOR, acr=Level.AAL2)
    by_key.require(acr=Level.AAL1)


def test_who_has_shown_nothing_is_of_the_lowest_level() -> None:
    """Also an operator, who needs no level: what they make is worth no more than they showed."""
    at = datetime(2026, 1, 1, tzinfo=UTC)
    shown = replace(ANONYMOUS, assurance=Assurance(Level.AAL2, ("pwd", "otp", "mfa"), at))
    assert (OPERATOR.level, ANONYMOUS.level, shown.level) == (Level.AAL1, Level.AAL1, Level.AAL2)


def test_a_principal_can_be_told_apart_and_kept_in_a_set() -> None:
    assert len({a_caller(GUARDED, level) for level in Level}) == 3
