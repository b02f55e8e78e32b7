"""Signing in: what each answer is, what it costs, and what it leaves behind."""

import asyncio
from collections.abc import Awaitable, Callable
from hashlib import shake_256

import pytest

from adapters.memory.credentials.attempts import ATTEMPTS
from adapters.memory.sessions.sessions import SESSIONS
from application.credentials.ports import Busy
from application.factors.sign_in import InvalidCredentials
from application.sessions.token_grants import RefreshOutcome
from domain.credentials.password_policy import LONGEST_EVER
from domain.errors import DomainError, ServiceUnavailable, ValidationFailed
from domain.origin import Origin
from domain.sessions.session import EndReason
from domain.users.user import EmailNotVerified, UserIsSuspended
from tests.application.service import DAY, HOUR, MINUTE, SECOND
from tests.application.stories import ADA, ORIGIN, OTHER_PASSWORD, PASSWORD, Service, kinds


async def refusal(sign_in: Awaitable[object]) -> DomainError:
    """Return why the sign-in was refused."""
    with pytest.raises(DomainError) as refused:
        await sign_in
    return refused.value


async def test_the_right_password_starts_a_session() -> None:
    """SE-2, LG-3: one session with an identifier of ours, one audit row."""
    service = Service()
    await service.verified_user()
    await service.sign_in()
    grant = await service.sign_in("ADA@example.COM")
    assert grant.refresh_outcome is RefreshOutcome.ISSUED
    assert (grant.expires_in, grant.refresh_expires_in) == (600, int((14 * DAY).total_seconds()))
    assert (grant.session.ip_address, grant.session.user_agent) == ("192.0.2.7", "curl/8")
    assert service.user().last_signed_in_at == grant.user.last_signed_in_at == service.clock.now()
    row = service.audited("session.started")[-1]
    assert (row.actor.id, row.target and row.target.id) == (
        str(grant.user.id),
        str(grant.session.id),
    )
    assert row.origin == ORIGIN
    assert (await service.authenticate(grant)).session.id == grant.session.id


async def test_each_sign_in_has_identifiers_and_tokens_of_its_own() -> None:
    """SE-2: nothing is taken over from an earlier session or from the client."""
    service = Service()
    await service.verified_user()
    grants = [await service.sign_in() for _ in range(5)]
    assert len({grant.session.id for grant in grants}) == 5
    assert len({grant.refresh_token for grant in grants}) == 5
    assert len({grant.access_token for grant in grants}) == 5
    assert all(str(grant.session.id) != grant.refresh_token for grant in grants)


async def test_a_grant_shows_no_token_where_it_is_printed() -> None:
    """LG-1: in a log line or a traceback."""
    service = Service()
    await service.verified_user()
    grant = await service.sign_in()
    assert grant.access_token not in repr(grant)
    assert grant.refresh_token not in repr(grant)


async def test_the_password_is_read_as_it_was_set() -> None:
    """PW-5: another keyboard, the same password; nothing is trimmed."""
    service = Service()
    await service.verified_user(password="cafe\u0301 noir et croissants")
    await service.sign_in(password="café\u00a0noir et croissants")
    for wrong in ("Café noir et croissants", " café noir et croissants", "café noir et croissant"):
        await refusal(service.sign_in(password=wrong))


async def _nobody(service: Service) -> None:
    """The address has no account."""


async def _unverified(service: Service) -> None:
    await service.sign_up()


async def _verified(service: Service) -> None:
    await service.verified_user()


async def _suspended(service: Service) -> None:
    await service.verified_user()
    await service.suspend()


async def _without_password(service: Service) -> None:
    await service.sign_up()
    await service.sign_up(password=OTHER_PASSWORD)
    await service.confirm(await service.mailed_token())


type Situation = Callable[[Service], Awaitable[None]]
SITUATIONS: list[Situation] = [_nobody, _unverified, _verified, _suspended, _without_password]


@pytest.mark.parametrize("prepare", SITUATIONS)
async def test_a_wrong_password_gets_the_same_answer_at_every_address(
    prepare: Situation,
) -> None:
    """EN-1: one code, one evaluation, two commits, one row; a decoy where there is no hash."""
    service = Service()
    await prepare(service)
    await service.keys.keyring.prepare()
    evaluations, commits, rows = (
        service.hasher.evaluations,
        service.units.commits,
        len(service.audited()),
    )
    refused = await refusal(service.sign_in(password="entirely wrong password"))
    assert type(refused) is InvalidCredentials
    assert (refused.details, refused.retry_after) == ((), None)
    assert service.hasher.evaluations == evaluations + 1
    assert service.units.commits == commits + 2
    assert len(service.audited()) == rows + 1
    row = service.audited()[-1]
    assert (row.type, row.outcome, row.reason) == (
        "session.refused",
        "failure",
        "INVALID_CREDENTIALS",
    )
    assert service.store.committed(SESSIONS).rows == {}


@pytest.mark.parametrize(
    ("prepare", "decoys"), [(_nobody, 1), (_without_password, 1), (_verified, 0)]
)
async def test_where_there_is_no_hash_a_decoy_is_evaluated(prepare: Situation, decoys: int) -> None:
    """EN-1: the time of a real one is spent all the same."""
    service = Service()
    await prepare(service)
    await refusal(service.sign_in(password="entirely wrong password"))
    assert service.hasher.decoys == decoys


@pytest.mark.parametrize(
    ("prepare", "error"), [(_unverified, EmailNotVerified), (_suspended, UserIsSuspended)]
)
async def test_only_the_right_password_hears_that_the_account_is_not_in_order(
    prepare: Situation, error: type[DomainError]
) -> None:
    """EN-1, AT-7, LG-3: one row, and no session; the guess is given back."""
    service = Service()
    await prepare(service)
    for _ in range(15):
        assert type(await refusal(service.sign_in())) is error
    assert [row.reason for row in service.audited("session.refused")] == [error.code] * 15
    assert service.store.committed(SESSIONS).rows == {}
    assert service.store.committed(ATTEMPTS).rows == {}


async def test_an_unverified_user_signs_in_where_that_is_allowed() -> None:
    """REQUIRE_VERIFIED_EMAIL=false; a suspended one never does."""
    service = Service(verified_only=False)
    await service.sign_up()
    await service.sign_in()
    await service.suspend()
    assert type(await refusal(service.sign_in())) is UserIsSuspended


@pytest.mark.parametrize("prepare", SITUATIONS)
async def test_a_too_long_password_is_not_hashed(prepare: Situation) -> None:
    """PW-2, EN-1: it can be no user's, so it is worth no hash, at any address."""
    service = Service()
    await prepare(service)
    spent = service.spent_hashes
    too_long = "x" * (LONGEST_EVER + 1)
    assert type(await refusal(service.sign_in(password=too_long))) is InvalidCredentials
    assert service.spent_hashes == spent
    await refusal(service.sign_in(password=too_long[1:]))
    assert service.spent_hashes == spent + 1


async def test_a_password_from_before_the_maximum_was_lowered_still_counts() -> None:
    """PW-2, PW-3: a new setting is for new passwords, and locks no user out."""
    service, password = Service(max_password=512), shake_256(b"long").hexdigest(256)
    await service.verified_user(password=password)
    stricter = Service(store=service.store, clock=service.clock, max_password=64)
    await stricter.sign_in(password=password)


async def test_a_too_long_password_counts_as_a_guess() -> None:
    """RL-1: it is a failed attempt like any other."""
    service = Service(attempts=2)
    for _ in range(2):
        await refusal(service.sign_in(password="x" * (LONGEST_EVER + 1)))
    assert (await refusal(service.sign_in())).code == "TOO_MANY_REQUESTS"


@pytest.mark.parametrize(
    "email", ["", "ada", "ada@example.com,bob@example.com", "ada@example.com "]
)
async def test_no_address_is_refused_before_anything_happens(email: str) -> None:
    """AT-10, IN-1: validated, and not looked up as it stands."""
    service = Service()
    await service.keys.keyring.prepare()
    async with service.unchanged():
        with pytest.raises(ValidationFailed):
            await service.sign_in(email)
    assert service.spent_hashes == 0


@pytest.mark.parametrize("limit", [1, 2, 10])
@pytest.mark.parametrize("known", [True, False])
async def test_a_busy_hasher_is_said_and_costs_no_guess(limit: int, known: bool) -> None:
    """PW-2, RL-1: nothing was evaluated; also where the reservation had begun a lock."""
    service = Service(attempts=limit)
    if known:
        await service.verified_user()
    service.hasher.capacity = 0
    for _ in range(3 * limit):
        with pytest.raises(Busy):
            await service.sign_in()
    service.hasher.capacity = None
    for _ in range(limit):
        wrong = await refusal(service.sign_in(password="entirely wrong password"))
        assert wrong.code == "INVALID_CREDENTIALS"
    locked = await refusal(service.sign_in())
    assert (locked.code, locked.retry_after) == ("TOO_MANY_REQUESTS", 30 * SECOND)


async def test_without_a_key_to_sign_with_no_session_is_left_behind() -> None:
    """SE-1, DU-1 (I2): a grant that cannot be made is not committed."""
    service = Service()
    await service.verified_user()
    sessions, rows = service.living(), service.audited()
    with pytest.raises(ServiceUnavailable):
        await service.factors.sign_in(email=ADA, password=PASSWORD, origin=ORIGIN)
    assert (service.living(), service.audited()) == (sessions, rows)
    await service.sign_in()
    assert len(service.living()) == 1


async def test_a_hash_with_old_parameters_is_replaced_on_sign_in() -> None:
    """PW-1: in the commit of the sign-in, and the password stays the same."""
    service = Service()
    await service.verified_user()
    service.hasher.version = 2
    await refusal(service.sign_in(password="entirely wrong password"))
    old = service.credential()
    assert old is not None
    assert old.hash.startswith("$fast$v=1$")
    await service.sign_in()
    new = service.credential()
    assert new is not None
    assert new.hash.startswith("$fast$v=2$")
    assert new.changed_at == old.changed_at
    hashes = service.hasher.hashes
    await service.sign_in()
    assert service.hasher.hashes == hashes


async def test_two_sign_ins_that_both_replace_the_hash_both_succeed() -> None:
    """PW-1: the second one starts again and finds nothing left to do."""
    service = Service()
    await service.verified_user()
    service.hasher.version = 2
    await service.keys.keyring.prepare()
    grants = await asyncio.gather(*(service.sign_in() for _ in range(3)))
    assert len({grant.session.id for grant in grants}) == 3
    assert len(service.living()) == 3


async def test_above_the_cap_the_oldest_session_ends() -> None:
    """SE-4: with a reason and one audit row; the newest ones stay."""
    service = Service(per_user=2)
    await service.verified_user()
    grants = []
    for _ in range(3):
        service.clock.advance(SECOND)
        grants.append(await service.sign_in())
    assert {s.id for s in service.living()} == {grants[1].session.id, grants[2].session.id}
    over = service.store.committed(SESSIONS).rows[grants[0].session.id]
    assert over.end_reason is EndReason.REVOKED_BY_USER
    assert kinds(service.audited("session.ended")) == ["session.ended"]
    assert (await refusal(service.authenticate(grants[0]))).code == "SESSION_ENDED"


@pytest.mark.parametrize(("per_user", "living"), [(0, 7), (1, 1), (5, 5)])
async def test_the_cap_is_what_was_set(per_user: int, living: int) -> None:
    """SE-4: zero is no cap; in parallel it holds as well."""
    service = Service(per_user=per_user)
    await service.verified_user()
    await service.keys.keyring.prepare()
    await asyncio.gather(*(service.sign_in() for _ in range(7)))
    assert len(service.living()) == living


async def test_sessions_that_expired_take_no_room() -> None:
    """SE-4: only living ones are counted."""
    service = Service(per_user=1, idle=HOUR)
    await service.verified_user()
    await service.sign_in()
    service.clock.advance(HOUR)
    await service.sign_in()
    assert service.audited("session.ended") == []


async def test_neither_token_outlives_the_session() -> None:
    """SE-3: what a client is told is the truth, in whole seconds."""
    service = Service(absolute=5 * MINUTE, idle=MINUTE)
    await service.verified_user()
    grant = await service.sign_in(origin=Origin())
    assert (grant.expires_in, grant.refresh_expires_in) == (300, 60)
    assert grant.session.user_agent is None


async def test_another_users_password_is_a_wrong_one() -> None:
    """AT-10: one mailbox, one account, one password."""
    service = Service()
    await service.verified_user()
    await service.verified_user("bob@example.com", OTHER_PASSWORD)
    for email, password in [(ADA, OTHER_PASSWORD), ("bob@example.com", PASSWORD)]:
        assert type(await refusal(service.sign_in(email, password))) is InvalidCredentials
