"""May this user do that: the check, and the one rule behind it (AZ-1, AZ-3)."""

from dataclasses import dataclass

import pytest

from application.access.authorization import Question
from domain.errors import ValidationFailed
from domain.identifiers import UserId
from domain.permissions import PERMISSIONS
from domain.principal import OPERATOR, Permission
from tests.application.api_keys.holders import program
from tests.application.stories import ORIGIN, Service

NOBODY = UserId.parse("019aa5c2-7f3e-7c41-9b0a-2f6d1e8c4b5b")
READ, REFUND = Permission("users:read"), Permission("orders:refund")


async def test_a_check_says_what_grants_or_what_is_missing() -> None:
    """AZ-1: in the order of the questions."""
    service = Service()
    user = await service.verified_user()
    root = await service.operator_makes(OPERATOR, "root@example.com", roles=["administrator"])
    await service.define_role()
    await service.set_role(user, "support", held=True)
    unproven = await service.operator_makes(OPERATOR, "new@example.com", verified=False)
    void = Permission("orders:void")
    questions = [
        Question(subject_id=user.id, permission=REFUND, explain=True),
        Question(subject_id=user.id, permission=void, explain=True),
        Question(subject_id=root.id, permission=void, explain=True),
        Question(subject_id=NOBODY, permission=READ, explain=True),
        Question(subject_id=unproven.id, permission=READ),
        Question(subject_id=user.id, permission=READ),
    ]
    decisions = await service.access.check(principal=OPERATOR, questions=questions)
    assert [decision.allowed for decision in decisions] == [True, False, True, False, False, True]
    told = [decision.explanation for decision in decisions]
    assert told[4:] == [None, None]
    assert told[0] is not None
    assert told[1] is not None
    assert told[2] is not None
    assert told[3] is not None
    assert (list(told[0].granted_by), told[0].missing) == (["support"], None)
    assert (told[1].missing, list(told[1].would_be_granted_by)) == (void, ["administrator"])
    assert list(told[2].granted_by) == ["administrator"]
    assert list(told[3].would_be_granted_by) == ["administrator", "support"]
    await service.operator_suspends(user)
    [refused] = await service.access.check(principal=OPERATOR, questions=questions[:1])
    assert not refused.allowed
    with pytest.raises(ValidationFailed):
        await service.access.check(principal=OPERATOR, questions=[])
    found = await service.access.effective_permissions(principal=OPERATOR, user_id=user.id)
    assert {k: list(v) for k, v in found.granted_by.items()} == {
        REFUND: ["support"], READ: ["support"],
    }  # fmt: skip


@dataclass(frozen=True)
class Answers:
    """May the user do that: as a caller, as an account, and as the check tells a product."""

    principal: bool
    user: bool
    check: bool


async def answers(service: Service, email: str, permission: Permission) -> Answers:
    """Ask in all three places, of a user who has just signed in."""
    caller = await service.authenticate(await service.sign_in(email))
    question = Question(subject_id=caller.user.id, permission=permission)
    [decision] = await service.access.check(principal=OPERATOR, questions=[question])
    return Answers(
        principal=caller.principal.may(permission),
        user=caller.user.may(permission),
        check=decision.allowed,
    )


YES, NO = Answers(True, True, True), Answers(False, False, False)


@pytest.mark.parametrize("permission", PERMISSIONS)
async def test_a_role_of_all_our_permissions_gives_each_of_them(permission: Permission) -> None:
    """AZ-1: and one that lacks this one gives all but this one, wherever it is asked."""
    service = Service()
    await service.define_role("deputy", PERMISSIONS)
    await service.define_role("partial", [each for each in PERMISSIONS if each != permission])
    await service.operator_makes(OPERATOR, "deputy@example.com", roles=["deputy"])
    await service.operator_makes(OPERATOR, "partial@example.com", roles=["partial"])
    await service.operator_makes(OPERATOR, "plain@example.com")
    assert await answers(service, "deputy@example.com", permission) == YES
    assert await answers(service, "partial@example.com", permission) == NO
    assert await answers(service, "plain@example.com", permission) == NO


@pytest.mark.parametrize("is_given", [False, True], ids=["no role gives it", "a role gives it"])
async def test_what_a_product_names_takes_a_role_that_gives_it_or_an_administrator(
    is_given: bool,
) -> None:
    """AZ-1, AZ-3: an administrator may everything; all our permissions together may not."""
    service = Service()
    await service.define_role("deputy", PERMISSIONS)
    await service.operator_makes(OPERATOR, "deputy@example.com", roles=["deputy"])
    await service.operator_makes(OPERATOR, "root@example.com", roles=["administrator"])
    if is_given:
        await service.define_role("refunds", [REFUND])
        await service.operator_makes(OPERATOR, "holder@example.com", roles=["refunds"])
        assert await answers(service, "holder@example.com", REFUND) == YES
    assert await answers(service, "deputy@example.com", REFUND) == NO
    assert await answers(service, "root@example.com", REFUND) == YES


async def test_a_role_that_gains_a_permission_gives_it_at_once() -> None:
    """TK-7: wherever it is asked; and takes it away as quickly."""
    service = Service()
    await service.define_role("deputy", PERMISSIONS)
    await service.operator_makes(OPERATOR, "deputy@example.com", roles=["deputy"])
    for permissions, answer in (([*PERMISSIONS, REFUND], YES), (PERMISSIONS, NO)):
        await service.access.change_role(
            principal=OPERATOR, name="deputy", description=None, permissions=permissions,
            expected=None, origin=ORIGIN,
        )  # fmt: skip
        assert await answers(service, "deputy@example.com", REFUND) == answer


async def test_a_program_is_answered_by_its_roles_until_it_is_suspended() -> None:
    """AZ-1: beside a user and a subject that there is not, each in its place."""
    service = Service()
    account, _ = await program(service, "orders:refund")
    user = await service.verified_user()
    questions = [
        Question(subject_id=subject, permission=REFUND, explain=True)
        for subject in (user.id, account.id, NOBODY)
    ]
    found = await service.access.check(principal=OPERATOR, questions=questions)
    assert [each.allowed for each in found] == [False, True, False]
    assert found[1].explanation is not None
    assert found[1].explanation.granted_by == ["shop"]
    await service.service_accounts.suspend(
        principal=OPERATOR, account_id=account.id, reason=None, origin=ORIGIN
    )
    found = await service.access.check(principal=OPERATOR, questions=questions)
    assert [each.allowed for each in found] == [False, False, False]
