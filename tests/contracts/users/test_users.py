"""What every user repository promises."""

import pytest

from application.ports.unit_of_work import UnitOfWorkFactory
from application.service import ServiceUnit
from application.users.ports import UserOrder, UserPlace, UserQuery
from domain.access.role import Role
from domain.credentials.one_time_token import Purpose
from domain.email_address import EmailAddress
from domain.errors import ConcurrentChange
from domain.identifiers import UserId
from domain.principal import ADMINISTRATOR, RoleName
from domain.sessions.session import EndReason
from domain.users.user import EmailAlreadyRegistered, User, UserStatus
from tests.contracts.samples import (
    MINUTE,
    NOW,
    a_credential,
    a_session,
    a_token,
    a_user,
    an_audit_event,
    in_parallel,
    keep_session,
    keep_user,
    load_session,
    load_user,
    retrying,
    save_user,
    values_of,
)


async def test_nobody_is_found_where_nobody_is(units: UnitOfWorkFactory[ServiceUnit]) -> None:
    user = a_user()
    async with units.read_only() as work:
        assert await work.users.get(user.id) is None
        assert await work.users.find_by_email(user.email) is None


async def test_a_user_is_found_by_identifier_and_by_any_spelling_of_the_mailbox(
    units: UnitOfWorkFactory[ServiceUnit],
) -> None:
    """AT-10: case variants are one mailbox, and the owner's spelling is kept."""
    user = await keep_user(units, a_user("Ada.Lovelace@Example.com"))
    async with units.read_only() as work:
        by_id = await work.users.get(user.id)
        by_email = await work.users.find_by_email(EmailAddress.parse("aDA.lOVELACE@eXAMPLE.COM"))
    assert by_id is not None
    assert by_email is not None
    assert values_of(by_id) == values_of(by_email) == values_of(user)
    assert by_email.email.value == "Ada.Lovelace@example.com"


async def test_many_users_are_found_together_and_whole(
    units: UnitOfWorkFactory[ServiceUnit],
) -> None:
    """As one by one: with their roles, and with what these give at the moment."""
    role, _ = Role.define(name="support", description=None, permissions=["orders:refund"], now=NOW)
    supporter, administrator, plain = a_user(), a_user(), a_user()
    supporter.grant(role.name, now=NOW)
    administrator.grant(ADMINISTRATOR, now=NOW)
    async with units() as work:
        await work.roles.add(role)
        for user in (supporter, administrator, plain):
            await work.users.add(user)
        await work.commit()
    await keep_user(units)  # and is not asked for
    ids = [user.id for user in (supporter, administrator, plain)]
    async with units.read_only() as work:
        found = await work.users.get_many(ids)
    assert found.keys() == set(ids)
    for user_id in ids:
        assert values_of(found[user_id]) == values_of(await load_user(units, user_id))
    assert found[supporter.id].defined_permissions == {"orders:refund"}
    assert found[administrator.id].defined_permissions == set()
    assert found[plain.id].defined_permissions == set()


async def test_of_many_users_those_who_are_missing_are_left_out(
    units: UnitOfWorkFactory[ServiceUnit],
) -> None:
    user, removed, strangers = await keep_user(units), await keep_user(units), [a_user(), a_user()]
    async with units() as work:
        await work.users.remove(removed.id)
        await work.commit()
    asked = [strangers[0].id, user.id, removed.id, user.id, strangers[1].id]
    async with units.read_only() as work:
        assert (await work.users.get_many(asked)).keys() == {user.id}
        assert (await work.users.get_many(frozenset(asked))).keys() == {user.id}
        assert await work.users.get_many([stranger.id for stranger in strangers]) == {}


async def test_of_no_users_none_is_found(units: UnitOfWorkFactory[ServiceUnit]) -> None:
    await keep_user(units)
    async with units.read_only() as work:
        assert await work.users.get_many([]) == {}
        assert await work.users.get_many(frozenset()) == {}


async def test_a_hundred_users_are_found_together(units: UnitOfWorkFactory[ServiceUnit]) -> None:
    users = [a_user() for _ in range(100)]
    async with units() as work:
        for user in users:
            await work.users.add(user)
        await work.commit()
    async with units() as work:  # and in a unit that may write, too
        found = await work.users.get_many([user.id for user in users])
    assert {user.id: user.email for user in found.values()} == {u.id: u.email for u in users}


@pytest.mark.parametrize("other", ["ada@example.com", "ADA@EXAMPLE.COM", "Ada@example.com"])
async def test_a_second_account_for_one_mailbox_is_refused(
    units: UnitOfWorkFactory[ServiceUnit], other: str
) -> None:
    """AT-10."""
    first = await keep_user(units, a_user("ada@example.com"))
    with pytest.raises(EmailAlreadyRegistered):
        await keep_user(units, a_user(other))
    async with units.read_only() as work:
        found = await work.users.find_by_email(first.email)
    assert found is not None
    assert found.id == first.id


async def test_a_tagged_address_is_another_mailbox(units: UnitOfWorkFactory[ServiceUnit]) -> None:
    await keep_user(units, a_user("ada@example.com"))
    await keep_user(units, a_user("ada+doorward@example.com"))


async def test_twenty_sign_ups_at_once_for_one_mailbox_give_one_user(
    units: UnitOfWorkFactory[ServiceUnit],
) -> None:
    """DU-4, AT-10: exactly one account, and all other callers get the error that says so."""
    spellings = ["ada@example.com", "Ada@example.com", "ADA@Example.com", "aDa@EXAMPLE.com"] * 5
    outcomes = await in_parallel(keep_user(units, a_user(spelling)) for spelling in spellings)
    winners = [outcome for outcome in outcomes if isinstance(outcome, User)]
    losers = [outcome for outcome in outcomes if isinstance(outcome, EmailAlreadyRegistered)]
    assert (len(winners), len(losers)) == (1, 19)
    async with units.read_only() as work:
        found = await work.users.find_by_email(EmailAddress.parse("ada@example.com"))
    assert found is not None
    assert found.id == winners[0].id


async def test_a_save_writes_every_field_and_raises_the_version(
    units: UnitOfWorkFactory[ServiceUnit],
) -> None:
    user = await keep_user(units)
    version = user.version
    user.change_email(EmailAddress.parse("New.Address@example.org"), now=NOW + MINUTE)
    user.rename("Grace Hopper", now=NOW + MINUTE)
    user.grant(ADMINISTRATOR, now=NOW + MINUTE)
    user.suspend("spam", now=NOW + 2 * MINUTE)
    await save_user(units, user)
    assert user.version == version + 1
    assert values_of(await load_user(units, user.id)) == values_of(user)


async def test_roles_can_be_taken_away_again(units: UnitOfWorkFactory[ServiceUnit]) -> None:
    user = await keep_user(units)
    user.grant(ADMINISTRATOR, now=NOW)
    await save_user(units, user)
    user.roles = frozenset()
    await save_user(units, user)
    assert (await load_user(units, user.id)).roles == frozenset()


async def test_one_unit_may_save_the_same_user_twice(units: UnitOfWorkFactory[ServiceUnit]) -> None:
    user = await keep_user(units)
    async with units() as work:
        await work.users.save(user)
        user.rename("Twice", now=NOW)
        await work.users.save(user)
        await work.commit()
    loaded = await load_user(units, user.id)
    assert (loaded.display_name, loaded.version) == ("Twice", user.version)


async def test_a_save_of_an_old_copy_conflicts_and_writes_nothing(
    units: UnitOfWorkFactory[ServiceUnit],
) -> None:
    user = await keep_user(units)
    stale, fresh = await load_user(units, user.id), await load_user(units, user.id)
    fresh.rename("First", now=NOW)
    await save_user(units, fresh)
    stale.rename("Second", now=NOW)
    with pytest.raises(ConcurrentChange):
        await save_user(units, stale)
    assert values_of(await load_user(units, user.id)) == values_of(fresh)


async def test_of_many_saves_of_one_copy_exactly_one_wins(
    units: UnitOfWorkFactory[ServiceUnit],
) -> None:
    user = await keep_user(units)
    copies = [await load_user(units, user.id) for _ in range(10)]
    outcomes = await in_parallel(save_user(units, copy) for copy in copies)
    assert sum(outcome is None for outcome in outcomes) == 1
    assert sum(isinstance(outcome, ConcurrentChange) for outcome in outcomes) == 9


async def test_a_user_who_is_gone_cannot_be_saved(units: UnitOfWorkFactory[ServiceUnit]) -> None:
    """AZ-7: a late save does not bring an erased user back."""
    user = await keep_user(units)
    async with units() as work:
        await work.users.remove(user.id)
        await work.commit()
    with pytest.raises(ConcurrentChange):
        await save_user(units, user)
    with pytest.raises(ConcurrentChange):
        async with units() as work:
            await work.users.record_sign_in(user, at=NOW)
    async with units.read_only() as work:
        assert await work.users.get(user.id) is None


async def test_moving_to_a_mailbox_that_has_an_account_is_refused(
    units: UnitOfWorkFactory[ServiceUnit],
) -> None:
    """AT-10: an address change is held to the same rule as a sign-up."""
    await keep_user(units, a_user("taken@example.com"))
    user = await keep_user(units, a_user("ada@example.com"))
    version = user.version
    user.change_email(EmailAddress.parse("TAKEN@example.com"), now=NOW)
    with pytest.raises(EmailAlreadyRegistered):
        await save_user(units, user)
    kept = await load_user(units, user.id)
    assert (kept.email.value, kept.version) == ("ada@example.com", version)


async def test_a_mailbox_that_was_left_is_free_again(units: UnitOfWorkFactory[ServiceUnit]) -> None:
    user = await keep_user(units, a_user("old@example.com"))
    user.change_email(EmailAddress.parse("new@example.com"), now=NOW)
    await save_user(units, user)
    await keep_user(units, a_user("old@example.com"))
    async with units.read_only() as work:
        found = await work.users.find_by_email(EmailAddress.parse("NEW@example.com"))
    assert found is not None
    assert found.id == user.id


async def test_one_may_change_the_spelling_of_ones_own_address(
    units: UnitOfWorkFactory[ServiceUnit],
) -> None:
    user = await keep_user(units, a_user("ada@example.com"))
    user.change_email(EmailAddress.parse("Ada@example.com"), now=NOW)
    await save_user(units, user)
    assert (await load_user(units, user.id)).email.value == "Ada@example.com"


async def test_a_sign_in_is_noted_without_raising_the_version(
    units: UnitOfWorkFactory[ServiceUnit],
) -> None:
    user = await keep_user(units)
    await _record_sign_in(units, user)
    loaded = await load_user(units, user.id)
    assert loaded.last_signed_in_at == NOW + MINUTE
    assert loaded.version == user.version


async def test_sign_ins_of_one_user_do_not_disturb_each_other(
    units: UnitOfWorkFactory[ServiceUnit],
) -> None:
    user = await keep_user(units)
    copies = [await load_user(units, user.id) for _ in range(10)]
    outcomes = await in_parallel(_record_sign_in(units, copy) for copy in copies)
    assert outcomes == [None] * 10


async def test_a_sign_in_after_somebody_saved_is_refused(
    units: UnitOfWorkFactory[ServiceUnit],
) -> None:
    """RF-4: what was checked before the hashing may not be true any more."""
    user = await keep_user(units)
    loaded = await load_user(units, user.id)
    user.suspend("spam", now=NOW)
    await save_user(units, user)
    with pytest.raises(ConcurrentChange):
        await _record_sign_in(units, loaded)
    assert (await load_user(units, user.id)).last_signed_in_at is None


async def test_a_save_neither_conflicts_with_a_sign_in_nor_forgets_it(
    units: UnitOfWorkFactory[ServiceUnit],
) -> None:
    user = await keep_user(units)
    loaded = await load_user(units, user.id)
    await _record_sign_in(units, user)
    loaded.rename("Renamed", now=NOW)
    await save_user(units, loaded)
    kept = await load_user(units, user.id)
    assert (kept.display_name, kept.last_signed_in_at) == ("Renamed", NOW + MINUTE)


async def test_no_session_survives_a_suspension_however_sign_ins_race_it(
    units: UnitOfWorkFactory[ServiceUnit],
) -> None:
    """RF-4, SE-1: a sign-in is either seen by ``end_all`` or refused."""

    async def sign_in(user_id: UserId) -> None:
        user = await load_user(units, user_id)
        user.ensure_may_sign_in(verified_only=False)
        session, _ = a_session(user)
        async with units() as work:
            await work.users.record_sign_in(user, at=NOW)
            await work.sessions.add(session)
            await work.commit()

    async def suspend(user_id: UserId) -> None:
        async with units() as work:
            user = await work.users.get(user_id)
            assert user is not None
            user.suspend("spam", now=NOW)
            await work.users.save(user)
            await work.sessions.end_all(user_id, EndReason.USER_SUSPENDED, now=NOW)
            await work.commit()

    for turn in range(15):
        user = await keep_user(units)

        async def suspend_it(user_id: UserId = user.id) -> None:
            await retrying(lambda: suspend(user_id))

        calls = [sign_in(user.id) for _ in range(6)]
        calls.insert(turn % 7, suspend_it())
        await in_parallel(calls)
        async with units.read_only() as work:
            suspended = await work.users.get(user.id)
            assert suspended is not None
            assert suspended.suspended_at is not None
            assert await work.sessions.list_living(user.id, now=NOW, limit=100) == []


async def test_an_erased_user_takes_everything_of_theirs_along(
    units: UnitOfWorkFactory[ServiceUnit],
) -> None:
    """AZ-7: and nothing of anybody else's; the audit trail stays (LG-3)."""
    user, other = await keep_user(units), await keep_user(units)
    sessions = {user.id: (await keep_session(units, user))[0],
                other.id: (await keep_session(units, other))[0]}  # fmt: skip
    tokens = {}
    async with units() as work:
        for each in (user, other):
            await work.credentials.add(a_credential(each))
            tokens[each.id], _ = a_token(each, Purpose.EMAIL_VERIFICATION)
            await work.one_time_tokens.put(tokens[each.id])
        await work.audit.append(an_audit_event(actor=user.id))
        await work.commit()

    async with units() as work:
        await work.users.remove(user.id)
        await work.commit()

    async with units() as work:
        assert await work.users.get(user.id) is None
        assert await work.users.find_by_email(user.email) is None
        assert await work.credentials.get(user.id) is None
        assert await work.sessions.get(sessions[user.id].id) is None
        assert await work.sessions.get_with_user(sessions[user.id].id) is None
        assert await work.sessions.list_living(user.id, now=NOW, limit=100) == []
        assert await work.one_time_tokens.take(tokens[user.id].digest) is None
        assert len(await work.audit.about(user.id, limit=10)) == 1
        assert await work.credentials.get(other.id) is not None
        assert await work.one_time_tokens.take(tokens[other.id].digest) is not None
    assert (await load_session(units, sessions[other.id])).user_id == other.id


async def test_a_new_account_for_an_erased_users_mailbox_inherits_nothing(
    units: UnitOfWorkFactory[ServiceUnit],
) -> None:
    """AZ-7."""
    user = a_user("ada@example.com")
    user.grant(ADMINISTRATOR, now=NOW)
    await keep_user(units, user)
    async with units() as work:
        await work.credentials.add(a_credential(user))
        await work.users.remove(user.id)
        await work.commit()
    successor = await keep_user(units, a_user("ada@example.com"))
    loaded = await load_user(units, successor.id)
    assert ADMINISTRATOR not in loaded.roles
    async with units.read_only() as work:
        assert await work.credentials.get(successor.id) is None


async def test_removing_nobody_is_no_error(units: UnitOfWorkFactory[ServiceUnit]) -> None:
    async with units() as work:
        await work.users.remove(a_user().id)
        await work.commit()


async def _record_sign_in(units: UnitOfWorkFactory[ServiceUnit], user: User) -> None:
    async with units() as work:
        await work.users.record_sign_in(user, at=NOW + MINUTE)
        await work.commit()


async def test_who_administrates_is_counted_by_one_at_a_time(
    units: UnitOfWorkFactory[ServiceUnit],
) -> None:
    """AZ-3: of twenty that each take one away if another is left, all but one succeed."""
    administrators = []
    for _ in range(5):
        user = a_user()
        user.verify_email(now=NOW)
        user.grant(ADMINISTRATOR, now=NOW)
        administrators.append(await keep_user(units, user))
        await _keep_password(units, user)
    unproven, suspended = a_user(), a_user()
    unproven.grant(ADMINISTRATOR, now=NOW)
    suspended.verify_email(now=NOW)
    suspended.grant(ADMINISTRATOR, now=NOW)
    suspended.suspend("spam", now=NOW)
    invited, disputed = a_user(), a_user()
    for user in (invited, disputed):
        user.verify_email(now=NOW)
        user.grant(ADMINISTRATOR, now=NOW)
    for user in (unproven, suspended, disputed, a_user()):
        await keep_user(units, user)
        await _keep_password(units, user, contested=user is disputed)
    await keep_user(units, invited)  # who has never had a password

    async def leave(user: User) -> int:
        async with units() as work:
            counted = await work.users.hold_administrators(but=user.id)
            if counted:
                user.revoke(ADMINISTRATOR, now=NOW)
                await work.users.save(user)
                await work.commit()
        return counted

    counts = await in_parallel(leave(user) for user in administrators)
    assert sorted(str(count) for count in counts) == ["0", "1", "2", "3", "4"]


async def _keep_password(
    units: UnitOfWorkFactory[ServiceUnit], user: User, *, contested: bool = False
) -> None:
    credential = a_credential(user)
    credential.contested = contested
    async with units() as work:
        await work.credentials.add(credential)
        await work.commit()


async def _found(
    units: UnitOfWorkFactory[ServiceUnit], query: UserQuery, *, limit: int = 2
) -> list[UserId]:
    """Return all users that match, read page by page."""
    found: list[User] = []
    async with units.read_only() as work:
        while True:
            after = None
            if found:
                after = UserPlace(user_id=found[-1].id, email_key=found[-1].email.key)
            page = await work.users.search(query, limit=limit, after=after)
            if not page:
                break
            found += page
        assert await work.users.count(query) == len(found)
    return [user.id for user in found]


async def test_users_are_found_by_each_of_their_traits_and_by_all_together(
    units: UnitOfWorkFactory[ServiceUnit],
) -> None:
    """AZ-5: and the number is that of all pages."""
    made = []
    for number, name in enumerate(["Zoë Müller", "50% off_", "back\\slash", None, "ZOË the other"]):
        user = a_user(f"person{number}@example.com", now=NOW + number * MINUTE)
        user.rename(name, now=NOW)
        made.append(user)
    made[1].verify_email(now=NOW)
    made[2].suspend("spam", now=NOW)
    made[3].grant(ADMINISTRATOR, now=NOW)
    for user in made:
        await keep_user(units, user)
    ids = [user.id for user in made]
    expected: list[tuple[UserQuery, list[int]]] = [
        (UserQuery(), [4, 3, 2, 1, 0]),
        (UserQuery(order=UserOrder.OLDEST), [0, 1, 2, 3, 4]),
        (UserQuery(order=UserOrder.EMAIL), [0, 1, 2, 3, 4]),
        (UserQuery(order=UserOrder.EMAIL_DESCENDING), [4, 3, 2, 1, 0]),
        (UserQuery(email=EmailAddress.parse("PERSON3@example.com")), [3]),
        (UserQuery(text="zoë"), [4, 0]),
        (UserQuery(text="MÜLLER"), [0]),
        (UserQuery(text="%"), [1]),
        (UserQuery(text="_"), [1]),
        (UserQuery(text="\\"), [2]),
        (UserQuery(text="0% o"), [1]),
        (UserQuery(text="person2@"), [2]),
        (UserQuery(text="nobody"), []),
        (UserQuery(status=UserStatus.ACTIVE), [1]),
        (UserQuery(status=UserStatus.SUSPENDED), [2]),
        (UserQuery(status=UserStatus.UNVERIFIED), [4, 3, 0]),
        (UserQuery(role=ADMINISTRATOR), [3]),
        (UserQuery(role=RoleName("nobody")), []),
        (UserQuery(created_after=NOW + MINUTE), [4, 3, 2]),
        (UserQuery(created_before=NOW + MINUTE), [0]),
        (UserQuery(created_after=NOW, created_before=NOW + 3 * MINUTE), [2, 1]),
        (UserQuery(text="zoë", status=UserStatus.UNVERIFIED, created_after=NOW,
                   order=UserOrder.EMAIL), [4]),
    ]  # fmt: skip
    for query, numbers in expected:
        assert await _found(units, query) == [ids[number] for number in numbers], query


async def test_pages_stay_stable_while_users_are_added(
    units: UnitOfWorkFactory[ServiceUnit],
) -> None:
    """AZ-6: a newcomer is on the first page or on none, and no user is seen twice."""
    made = [await keep_user(units, a_user(now=NOW + n * MINUTE)) for n in range(4)]
    async with units.read_only() as work:
        first = await work.users.search(UserQuery(), limit=2)
    await keep_user(units, a_user(now=NOW + 9 * MINUTE))
    after = UserPlace(user_id=first[-1].id, email_key=first[-1].email.key)
    async with units.read_only() as work:
        second = await work.users.search(UserQuery(), limit=2, after=after)
    assert [user.id for user in (*first, *second)] == [user.id for user in reversed(made)]


async def test_a_found_user_is_a_whole_one(units: UnitOfWorkFactory[ServiceUnit]) -> None:
    user = a_user()
    user.grant(ADMINISTRATOR, now=NOW)
    await keep_user(units, user)
    async with units.read_only() as work:
        [found] = await work.users.search(UserQuery(email=user.email), limit=9)
    assert values_of(found) == values_of(user)
