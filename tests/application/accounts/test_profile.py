"""The display name: all that users may change about themselves, or others about them (AT-9)."""

import asyncio
import inspect
from dataclasses import fields

import pytest

from application.accounts.profile import EditProfile
from application.expectations import UNCHANGED, ChangedMeanwhile
from application.sessions.token_grants import TokenGrant
from domain.errors import ConcurrentChange, ValidationFailed
from domain.principal import ANONYMOUS, OPERATOR, Principal
from domain.users.user import User, UserNotFound
from tests.application.service import SECOND
from tests.application.stories import ORIGIN, Service, kinds, principal_of


async def signed_in(service: Service) -> TokenGrant:
    """Return the grant of a verified user's first session."""
    await service.verified_user()
    return await service.sign_in()


async def rename(service: Service, principal: Principal, name: str | None) -> User:
    """Change the display name, whatever the state."""
    return await service.accounts.edit_profile(
        principal=principal, display_name=name, expected=None, origin=ORIGIN
    )


async def test_a_new_name_changes_the_name_and_nothing_else() -> None:
    """AT-9, LG-3: of every field that is stored; one commit, one row."""
    service = Service()
    grant = await signed_in(service)
    before, commits = service.user(), service.units.commits
    service.clock.advance(SECOND)
    user = await rename(service, principal_of(grant), " Ada ")
    assert (user.display_name, service.user().display_name) == ("Ada", "Ada")
    changed = {f.name for f in fields(User) if getattr(before, f.name) != getattr(user, f.name)}
    assert changed == {"display_name", "updated_at", "version"}
    assert service.units.commits == commits + 1
    assert kinds(service.audited("user.profile_changed")) == ["user.profile_changed"]


def test_nothing_else_can_even_be_said() -> None:
    """AT-9: the use case has no parameter for verified, roles, status or anything of the kind."""
    parameters = inspect.signature(EditProfile.__call__).parameters
    assert set(parameters) == {
        "self", "principal", "user_id", "display_name", "expected", "origin",
    }  # fmt: skip


async def test_the_same_name_again_writes_nothing() -> None:
    """LG-3: twice is none."""
    service = Service()
    grant = await signed_in(service)
    await rename(service, principal_of(grant), "Ada")
    async with service.unchanged():
        assert (await rename(service, principal_of(grant), " Ada ")).display_name == "Ada"


@pytest.mark.parametrize("name", ["a\nb", "a\u202eb", "x" * 101])
async def test_a_bad_name_writes_nothing(name: str) -> None:
    """LG-2, OP-2 (I2): refused and without effect."""
    service = Service()
    grant = await signed_in(service)
    async with service.unchanged():
        with pytest.raises(ValidationFailed):
            await rename(service, principal_of(grant), name)


async def test_a_caller_with_an_old_picture_is_told_so() -> None:
    """If-Match: asked about the present state, before anything is written."""
    service = Service()
    grant = await signed_in(service)
    version = service.user().version
    seen: list[int] = []

    def expected(user: User) -> bool:
        seen.append(user.version)
        return user.version == version

    for name, accepted in [("Ada", True), ("Eve", False)]:
        call = service.accounts.edit_profile(
            principal=principal_of(grant), display_name=name, expected=expected, origin=ORIGIN
        )
        if accepted:
            await call
            continue
        async with service.unchanged():
            with pytest.raises(ChangedMeanwhile):
                await call
    assert seen == [version, version + 1]


async def test_of_parallel_changes_with_one_picture_one_wins() -> None:
    """If-Match is decided on what is there when it is written, not when it was read."""
    service = Service()
    grant = await signed_in(service)
    version = service.user().version
    outcomes = await asyncio.gather(
        *(
            service.accounts.edit_profile(
                principal=principal_of(grant),
                display_name=f"Name {number}",
                expected=lambda user: user.version == version,
                origin=ORIGIN,
            )
            for number in range(5)
        ),
        return_exceptions=True,
    )
    assert sum(isinstance(outcome, User) for outcome in outcomes) == 1
    assert sum(isinstance(outcome, ChangedMeanwhile) for outcome in outcomes) == 4


async def test_changes_that_get_in_each_others_way_are_tried_again_and_then_given_up() -> None:
    """Conflicts are settled here a few times; beyond that the caller hears CONFLICT."""
    service = Service()
    grant = await signed_in(service)
    names = [rename(service, principal_of(grant), f"Name {number}") for number in range(4)]
    assert all(isinstance(user, User) for user in await asyncio.gather(*names))
    many = [rename(service, principal_of(grant), f"Other {number}") for number in range(40)]
    outcomes = await asyncio.gather(*many, return_exceptions=True)
    conflicts = [o for o in outcomes if not isinstance(o, User)]
    assert {type(conflict) for conflict in conflicts} <= {ConcurrentChange}
    changes = len(service.audited("user.profile_changed"))
    assert changes == 4 + len(outcomes) - len(conflicts)


async def test_an_anonymous_caller_and_a_user_who_is_gone_have_no_profile() -> None:
    """AZ-2, SE-1: the account may be erased between the check and the change."""
    service = Service()
    grant = await signed_in(service)
    with pytest.raises(UserNotFound):
        await rename(service, ANONYMOUS, "Ada")
    await service.erase()
    with pytest.raises(UserNotFound):
        await rename(service, principal_of(grant), "Ada")


async def test_a_field_that_was_left_out_leaves_a_concurrent_change_alone() -> None:
    """AT-9, SE-1: what was read with the request is never written back."""
    service = Service()
    grant = await signed_in(service)
    await rename(service, principal_of(grant), "Ada")
    async with service.unchanged():
        user = await service.accounts.edit_profile(
            principal=principal_of(grant), display_name=UNCHANGED, expected=None, origin=ORIGIN
        )
    assert user.display_name == "Ada"
    async with service.unchanged():
        with pytest.raises(ChangedMeanwhile):
            await service.accounts.edit_profile(
                principal=principal_of(grant),
                display_name=UNCHANGED,
                expected=lambda _: False,
                origin=ORIGIN,
            )
    assert (await rename(service, principal_of(grant), None)).display_name is None


async def test_an_administrator_sets_the_name_and_nothing_else() -> None:
    """AT-9, AZ-4: and only from the state that was seen."""
    service = Service()
    user = await service.verified_user()
    edited = await service.accounts.edit_profile(
        principal=OPERATOR, user_id=user.id, display_name="Ada", expected=None, origin=ORIGIN
    )
    assert edited.display_name == "Ada"
    async with service.unchanged():
        await service.accounts.edit_profile(
            principal=OPERATOR, user_id=user.id, display_name=UNCHANGED,
            expected=None, origin=ORIGIN,
        )  # fmt: skip
        with pytest.raises(ChangedMeanwhile):
            await service.accounts.edit_profile(
                principal=OPERATOR, user_id=user.id, display_name="Eve",
                expected=lambda _: False, origin=ORIGIN,
            )  # fmt: skip
    assert (
        await service.accounts.show_user(principal=OPERATOR, user_id=user.id)
    ).display_name == "Ada"
