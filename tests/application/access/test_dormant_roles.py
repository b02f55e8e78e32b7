"""Roles that ask for a level: dormant in a session that has not shown it (MF-2, AZ-3)."""

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import replace

import pytest

from application.access.authorization import Explanation, Question
from application.expectations import UNCHANGED, Unchanged
from application.sessions.authentication import Caller
from domain.access.role import RoleInUse
from domain.assurance import Level, Method, StepUpRequired
from domain.principal import (
    ADMINISTRATOR,
    OPERATOR,
    Permission,
    PermissionDenied,
    Principal,
    RoleName,
)
from tests.application.service import MINUTE, SECOND
from tests.application.stories import ORIGIN, Service

ROOT = "root@example.com"
ADA = "ada@example.com"
REFUND, READ = Permission("orders:refund"), Permission("users:read")
SUPPORT, FINANCE = RoleName("support"), RoleName("finance")


async def guarded(
    service: Service,
    name: str = "finance",
    permissions: Sequence[str] = ("orders:refund",),
    *,
    required_acr: Level | None = Level.AAL2,
    principal: Principal = OPERATOR,
) -> None:
    """Define a role that asks for a level."""
    await service.access.define_role(
        principal=principal,
        name=name,
        description=None,
        permissions=permissions,
        required_acr=required_acr,
        origin=ORIGIN,
    )


async def change(
    service: Service,
    required_acr: Level | Unchanged | None,
    *,
    name: str = "finance",
    permissions: Sequence[str] = ("orders:refund",),
    principal: Principal = OPERATOR,
) -> None:
    """Give the role another level, or leave it."""
    await service.access.change_role(
        principal=principal,
        name=name,
        description=None,
        permissions=permissions,
        required_acr=required_acr,
        expected=None,
        origin=ORIGIN,
    )


async def caller(service: Service, email: str = ADA, *shown: Method) -> Caller:
    """Return the user in a new session, in which that was shown as well."""
    grant = await service.sign_in(email)
    return await service.authenticate(await service.shows(grant, *shown))


async def refused(deed: Awaitable[object]) -> Level:
    """Return the level that the refusal asks for."""
    with pytest.raises(StepUpRequired) as refusal:
        await deed
    assert refusal.value.max_age is None
    return refusal.value.acr


async def test_a_role_counts_from_its_level_on_and_not_below() -> None:
    """MF-2, TK-7: for the caller and in the token, on the next request and the next refresh."""
    service = Service()
    grant = await service.signed_in_user()
    await guarded(service)
    await service.define_role("support", ["users:read"])
    for role in ("finance", "support"):
        await service.set_role(grant.user, role)
    here = await service.authenticate(grant)
    assert here.user.roles == {"user", "support", "finance"}
    assert here.principal.roles == {"user", "support"}
    assert here.principal.permissions == {READ}
    assert here.principal.dormant == {FINANCE: Level.AAL2}
    said = service.claims(await service.refresh(grant.refresh_token))
    assert said.roles == frozenset({"user", "support"})
    assert (said.permissions, said.acr) == (frozenset({READ}), "aal1")
    again = await service.shows(await service.sign_in(), Method.OTP)
    there = await service.authenticate(again)
    assert there.principal.roles == there.user.roles
    assert there.principal.permissions == {READ, REFUND}
    assert there.principal.dormant == {}
    said = service.claims(await service.refresh(again.refresh_token))
    assert (said.roles, said.permissions) == (there.user.roles, frozenset({READ, REFUND}))
    await change(service, Level.PHR)
    assert (await service.authenticate(again)).principal.roles == {"user", "support"}
    await change(service, None)
    assert (await service.authenticate(grant)).principal.permissions == {READ, REFUND}


async def test_a_dormant_administrator_is_a_plain_user_until_more_is_shown() -> None:
    """MF-2: by the setting, and for what stands in no list as well."""
    service = Service(administrator_acr=Level.AAL2)
    await service.define_role("support", ["users:read"])
    await service.operator_makes(OPERATOR, ROOT, roles=["administrator", "support"])
    grant = await service.sign_in(ROOT)
    said = service.claims(grant)
    assert said.roles == frozenset({"user", "support"})
    assert said.permissions == frozenset({READ})
    here = (await service.authenticate(grant)).principal
    here.require(READ)
    for permission in (REFUND, Permission("users:write"), Permission("roles:grant")):
        with pytest.raises(StepUpRequired) as refusal:
            here.require(permission)
        assert (refusal.value.acr, refusal.value.missing) == (Level.AAL2, permission)
    stronger = await service.shows(grant, Method.OTP)
    (await service.authenticate(stronger)).principal.require(REFUND)
    said = service.claims(await service.refresh(stronger.refresh_token))
    assert said.roles == frozenset({"administrator", "user", "support"})
    assert said.permissions is None


async def test_without_the_setting_and_without_such_a_role_nothing_is_dormant() -> None:
    service = Service()
    await guarded(service)
    await service.operator_makes(OPERATOR, ROOT, roles=["administrator"])
    principal = (await caller(service, ROOT)).principal
    assert principal.roles == {"administrator", "user"}
    assert principal.dormant == {}
    principal.require(REFUND)


async def test_no_user_hands_on_what_sleeps_in_their_session() -> None:
    """AZ-3, MF-2: neither the permissions, nor a name that a product may go by."""
    service = Service()
    bob = await service.verified_user("bob@example.com")
    await service.define_role("granter", ["roles:grant", "roles:write", "users:invite"])
    await guarded(service)
    await guarded(service, "vault", [], required_acr=Level.PHR)
    await service.define_role("refunds", ["orders:refund"])
    await service.operator_makes(OPERATOR, ADA, roles=["granter", "finance", "vault"])
    weak = (await caller(service)).principal
    for role, level in (("finance", "aal2"), ("refunds", "aal2"), ("vault", "phr")):
        async with service.unchanged():
            for held in (True, False):
                deed = service.set_role(bob, role, held=held, principal=weak)
                assert await refused(deed) == level
            assert await refused(service.invite(weak, "carl@example.com", [role])) == level
            assert await refused(guarded(service, "mine", ["orders:refund"], principal=weak))
    both = service.invite(weak, "carl@example.com", ["finance", "vault"])
    assert await refused(both) == "phr"
    strong = (await caller(service, ADA, Method.OTP)).principal
    for role in ("finance", "refunds"):
        await service.set_role(bob, role, principal=strong)
    await service.invite(strong, "carl@example.com", ["finance"])
    assert await refused(service.set_role(bob, "vault", principal=strong)) == "phr"
    assert service.user("bob@example.com").roles == {"user", "finance", "refunds"}


async def test_a_dormant_administrator_makes_none_and_an_awake_one_does() -> None:
    """AZ-3: and who is none at all is refused for good."""
    service = Service(administrator_acr=Level.AAL2)
    bob = await service.verified_user("bob@example.com")
    await service.define_role("granter", ["roles:grant"])
    await service.operator_makes(OPERATOR, ROOT, roles=["administrator", "granter"])
    await service.operator_makes(OPERATOR, ADA, roles=["granter"])
    weak = (await caller(service, ROOT)).principal
    other = (await caller(service, ADA, Method.OTP)).principal
    async with service.unchanged():
        assert await refused(service.set_role(bob, "administrator", principal=weak)) == "aal2"
        with pytest.raises(PermissionDenied):
            await service.set_role(bob, "administrator", principal=other)
    strong = (await caller(service, ROOT, Method.OTP)).principal
    await service.set_role(bob, "administrator", principal=strong)


async def test_a_level_is_lowered_or_taken_off_only_in_a_session_that_reaches_it() -> None:
    """MF-2: or a password could wake the role of everyone who has it."""
    service = Service()
    await service.define_role("writer", ["roles:write", "orders:refund"])
    await guarded(service, required_acr=Level.PHR)
    await guarded(service, "vault", [], required_acr=Level.AAL2)
    await service.operator_makes(OPERATOR, ADA, roles=["writer"])
    weak = (await caller(service)).principal
    middle = (await caller(service, ADA, Method.OTP)).principal
    strong = (await caller(service, ADA, Method.HARDWARE_KEY)).principal
    async with service.unchanged():
        for principal in (weak, middle):
            for lower in (Level.AAL2, None):
                assert await refused(change(service, lower, principal=principal)) == "phr"
            assert await refused(remove(service, "finance", principal)) == "phr"
        for deed in (
            change(service, None, name="vault", permissions=[], principal=weak),
            remove(service, "vault", weak),
        ):
            assert await refused(deed) == "aal2"
    await change(service, UNCHANGED, permissions=[], principal=weak)
    await change(service, Level.PHR, principal=weak)
    await change(service, Level.PHR, name="vault", permissions=[], principal=weak)
    assert await level_of(service, "vault") is Level.PHR
    await change(service, Level.AAL2, principal=strong)
    await change(service, None, principal=middle)
    assert await level_of(service) is None
    await remove(service, "vault", strong)


async def remove(service: Service, name: str, principal: Principal) -> None:
    await service.access.remove_role(principal=principal, name=name, expected=None, origin=ORIGIN)


async def level_of(service: Service, name: str = "finance") -> Level | None:
    return (await service.access.show_role(principal=OPERATOR, name=name)).required_acr


async def test_a_change_that_says_nothing_of_the_level_leaves_it() -> None:
    """MF-2: a client that knows of no levels takes none off."""
    service = Service()
    await guarded(service)
    await service.access.change_role(
        principal=OPERATOR, name="finance", description="Pays.", permissions=[],
        expected=None, origin=ORIGIN,
    )  # fmt: skip
    assert await level_of(service) is Level.AAL2


async def test_the_trail_says_which_level_a_role_asks_for() -> None:
    """LG-3."""
    service = Service()
    await guarded(service)
    await change(service, Level.PHR)
    await change(service, None)
    rows = service.audited("role.defined", "role.changed")
    assert [row.data.get("required_acr") for row in rows] == ["aal2", "phr", "none"]


async def test_the_last_administrator_is_one_of_accounts_and_not_of_sessions() -> None:
    """AZ-3: a dormant one administrates all the same, and is the one who remains."""
    service = Service(administrator_acr=Level.PHR)
    first = await service.operator_makes(OPERATOR, ROOT, roles=["administrator"])
    second = await service.operator_makes(OPERATOR, ADA, roles=["administrator"])
    await service.set_role(first, "administrator", held=False)
    assert ADMINISTRATOR in service.user(ADA).roles
    assert second.administrates


async def test_an_invitation_is_worth_what_the_inviters_account_may() -> None:
    """AZ-3: it was sent in a session in which the role was awake, and that has ended since."""
    service = Service(administrator_acr=Level.AAL2)
    await guarded(service)
    await service.operator_makes(OPERATOR, ROOT, roles=["administrator"])
    strong = (await caller(service, ROOT, Method.OTP)).principal
    await service.invite(strong, "carl@example.com", ["finance", "administrator"])
    token = await service.mailed_token("carl@example.com")
    user = await service.accept_invitation(token)
    assert user.roles == {"user", "finance", "administrator"}
    with pytest.raises(RoleInUse):
        await remove(service, "finance", OPERATOR)
    carl = await service.authenticate(await service.sign_in("carl@example.com"))
    assert carl.principal.roles == {"user"}


CHECKS: list[tuple[Permission, Level, bool, list[str], dict[str, str]]] = [
    (REFUND, Level.AAL1, False, [], {"finance": "aal2", "administrator": "phr"}),
    (REFUND, Level.AAL2, True, ["finance"], {"administrator": "phr"}),
    (REFUND, Level.PHR, True, ["administrator", "finance"], {}),
    (READ, Level.AAL1, True, ["support"], {"administrator": "phr"}),
    (Permission("users:write"), Level.AAL2, False, [], {"administrator": "phr"}),
]


@pytest.mark.parametrize(("permission", "level", "allowed", "granted_by", "dormant"), CHECKS)
async def test_a_check_is_about_a_session_and_names_what_sleeps_in_it(
    permission: Permission,
    level: Level,
    allowed: bool,
    granted_by: list[str],
    dormant: dict[str, str],
) -> None:
    """AZ-1, MF-2."""
    service = Service(administrator_acr=Level.PHR)
    await guarded(service)
    await service.define_role("support", ["users:read"])
    roles = ["administrator", "finance", "support"]
    user = await service.operator_makes(OPERATOR, ADA, roles=roles)
    question = Question(subject_id=user.id, permission=permission, acr=level, explain=True)
    [decision] = await service.access.check(principal=OPERATOR, questions=[question])
    assert decision.allowed is allowed
    explained = decision.explanation
    assert explained is not None
    assert list(explained.granted_by) == granted_by
    assert explained.dormant == dormant
    assert (explained.missing is None) is allowed


async def test_a_check_without_a_level_is_that_of_the_lowest() -> None:
    """AZ-1: a product that knows of no levels opens nothing that a password must not open."""
    service = Service()
    await guarded(service)
    user = await service.operator_makes(OPERATOR, ADA, roles=["finance"])
    question = Question(subject_id=user.id, permission=REFUND)
    [decision] = await service.access.check(principal=OPERATOR, questions=[question])
    assert not decision.allowed
    await service.operator_suspends(user)
    suspended = Question(subject_id=user.id, permission=REFUND, acr=Level.PHR, explain=True)
    [decision] = await service.access.check(principal=OPERATOR, questions=[suspended])
    assert decision.explanation == Explanation(
        granted_by=[], missing=REFUND, would_be_granted_by=[ADMINISTRATOR, FINANCE]
    )


async def test_what_a_user_may_do_says_which_roles_ask_for_a_level() -> None:
    """The account's as a whole: nothing is left out of it, and all of an administrator's is in."""
    service = Service(administrator_acr=Level.PHR)
    await guarded(service)
    user = await service.operator_makes(OPERATOR, ADA, roles=["finance"])
    root = await service.operator_makes(OPERATOR, ROOT, roles=["administrator"])
    shown = await service.access.effective_permissions(principal=OPERATOR, user_id=user.id)
    assert shown.granted_by == {REFUND: [FINANCE]}
    assert shown.guards.roles == {FINANCE: Level.AAL2}
    shown = await service.access.effective_permissions(principal=OPERATOR, user_id=root.id)
    assert shown.granted_by.keys() == {*service.policies.own_permissions, REFUND}
    assert shown.guards.roles == {ADMINISTRATOR: Level.PHR}


type Deed = Callable[[Service, Principal], Awaitable[object]]

DEEDS: dict[str, Deed] = {
    "define": lambda s, p: guarded(s, "other", principal=p),
    "change": lambda s, p: change(s, UNCHANGED, principal=p),
    "remove": lambda s, p: remove(s, "finance", p),
    "list": lambda s, p: s.access.show_role(principal=p, name="finance"),
    "grant": lambda s, p: s.set_role(s.user(ROOT), "user", principal=p),
    "check": lambda s, p: s.access.check(principal=p, questions=[]),
    "invite": lambda s, p: s.invite(p, "carl@example.com"),
    "effective": lambda s, p: s.access.effective_permissions(principal=p, user_id=s.user(ROOT).id),
}


@pytest.mark.parametrize("deed", DEEDS.values(), ids=DEEDS)
async def test_each_use_case_tells_a_dormant_administrator_which_level_would_do(
    deed: Deed,
) -> None:
    """MF-2: where nothing would help, it is 403 as before."""
    service = Service(administrator_acr=Level.PHR)
    await guarded(service)
    await service.operator_makes(OPERATOR, ROOT, roles=["administrator"])
    await service.operator_makes(OPERATOR, ADA)
    weak = (await caller(service, ROOT)).principal
    plain = (await caller(service, ADA)).principal
    async with service.unchanged():
        assert await refused(deed(service, weak)) == "phr"
        with pytest.raises(PermissionDenied):
            await deed(service, plain)


async def test_to_grant_a_role_that_asks_for_a_level_takes_a_recent_proof() -> None:
    """HD-6, MF-2: by the setting for the administrator's, and to promise it as well."""
    service = Service(administrator_acr=Level.AAL2)
    bob = await service.verified_user("bob@example.com")
    await guarded(service)
    await service.define_role("support", ["users:read"])
    await service.operator_makes(OPERATOR, ROOT, roles=["administrator"])
    grant = await service.shows(await service.sign_in(ROOT), Method.OTP)
    root = (await service.authenticate(grant)).principal
    service.clock.advance(5 * MINUTE)
    await service.set_role(bob, "finance", principal=root)
    service.clock.advance(SECOND)
    async with service.unchanged():
        for role in ("finance", "administrator"):
            for deed in (
                service.set_role(bob, role, principal=root),
                service.invite(root, "carl@example.com", ["support", role]),
            ):
                with pytest.raises(StepUpRequired) as refusal:
                    await deed
                assert refusal.value.max_age == 5 * MINUTE
                assert refusal.value.acr is Level.AAL1
        factor = replace(root, has_second_factor=True)
        with pytest.raises(StepUpRequired) as refusal:
            await service.set_role(bob, "finance", principal=factor)
        assert refusal.value.acr is Level.AAL2
    await service.set_role(bob, "support", principal=root)
    await service.set_role(bob, "finance", held=False, principal=root)
    await service.invite(root, "carl@example.com", ["support"])
    again = await service.shows(grant, Method.OTP)
    root = (await service.authenticate(again)).principal
    await service.set_role(bob, "administrator", principal=root)


async def test_who_has_no_factor_grants_it_with_a_recent_password() -> None:
    """HD-6: the role is dormant for its new owner, not for who has its permissions without it."""
    service = Service()
    bob = await service.verified_user("bob@example.com")
    await guarded(service, required_acr=Level.PHR)
    await service.operator_makes(OPERATOR, ROOT, roles=["administrator"])
    root = (await caller(service, ROOT)).principal
    await service.set_role(bob, "finance", principal=root)
    assert service.user("bob@example.com").roles == {"user", "finance"}
