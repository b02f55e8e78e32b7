"""No more guesses than the limit are ever evaluated, and no user is locked out for good."""

import asyncio
from datetime import timedelta

import pytest

from adapters.memory.credentials.attempts import ATTEMPTS
from application.factors.sign_in import InvalidCredentials
from application.sessions.token_grants import TokenGrant
from domain.errors import DomainError, TooManyRequests
from domain.principal import OPERATOR
from tests.application.doubles import InterruptingHasher
from tests.application.service import DAY, HOUR, SECOND
from tests.application.stories import ADA, ORIGIN, OTHER_PASSWORD, PASSWORD, Service, kinds

WRONG = "entirely wrong password"


async def guess(service: Service, password: str = WRONG, email: str = ADA) -> DomainError | None:
    """Sign in and return the refusal, if any."""
    try:
        await service.sign_in(email, password)
    except DomainError as refusal:
        return refusal
    return None


async def lock(service: Service, guesses: int = 3, email: str = ADA) -> None:
    """Guess wrong until the address is locked."""
    for _ in range(guesses):
        assert isinstance(await guess(service, email=email), InvalidCredentials)


async def test_after_the_limit_not_even_the_right_password_is_evaluated() -> None:
    """RL-1: the lock looks at the account and not at the guess."""
    service = Service(attempts=3)
    await service.verified_user()
    await lock(service)
    evaluations = service.hasher.evaluations
    refused = await guess(service, PASSWORD)
    assert isinstance(refused, TooManyRequests)
    assert refused.retry_after == 30 * SECOND
    assert service.hasher.evaluations == evaluations


@pytest.mark.parametrize("known", [True, False])
async def test_two_hundred_parallel_guesses_evaluate_no_more_than_the_limit(known: bool) -> None:
    """RL-1, EN-2: guesses are reserved, and committed, before they are evaluated."""
    service = Service(attempts=10)
    if known:
        await service.verified_user()
    await service.keys.keyring.prepare()
    before = service.hasher.evaluations
    refusals = await asyncio.gather(*(guess(service, f"{WRONG} {n}") for n in range(200)))
    assert service.hasher.evaluations == before + 10
    assert sum(isinstance(refused, InvalidCredentials) for refused in refusals) == 10
    assert sum(isinstance(refused, TooManyRequests) for refused in refusals) == 190


async def test_spellings_of_one_address_share_one_count() -> None:
    """RL-1, AT-10: counted per canonical address."""
    service = Service(attempts=3)
    await service.verified_user()
    for email in ("ADA@example.com", "ada@EXAMPLE.com", "aDa@Example.Com"):
        await guess(service, email=email)
    assert isinstance(await guess(service, PASSWORD), TooManyRequests)


async def test_a_lock_looks_the_same_for_an_unknown_address() -> None:
    """EN-2: the whole sequence of answers, step by step over four locks."""
    service = Service(attempts=3)
    await service.verified_user()
    answers: dict[str, list[tuple[str, timedelta | None]]] = {ADA: [], "no@example.com": []}
    for _ in range(40):
        for email, heard in answers.items():
            refused = await guess(service, email=email)
            assert refused is not None
            heard.append((refused.code, refused.retry_after))
        service.clock.advance(10 * SECOND)
    known, unknown = answers.values()
    assert known == unknown
    assert {code for code, _ in known} == {"INVALID_CREDENTIALS", "TOO_MANY_REQUESTS"}


async def test_the_right_password_gives_every_guess_back() -> None:
    """RL-2: two mistakes, then right, over and over, never lock."""
    service = Service(attempts=3)
    await service.verified_user()
    for _ in range(5):
        assert isinstance(await guess(service), InvalidCredentials)
        assert isinstance(await guess(service), InvalidCredentials)
        assert await guess(service, PASSWORD) is None
    assert service.store.committed(ATTEMPTS).rows == {}


async def test_the_last_guess_may_be_the_right_one() -> None:
    """RL-2: the lock that began with it is lifted by it; with a limit of one as well."""
    for limit in (1, 3):
        service = Service(attempts=limit)
        await service.verified_user()
        await lock(service, limit - 1)
        for _ in range(3):
            assert await guess(service, PASSWORD) is None


async def test_a_lock_ends_by_itself_and_guesses_meanwhile_do_not_prolong_it() -> None:
    """RL-2: temporary, however many guesses come."""
    service = Service(attempts=3)
    await service.verified_user()
    await lock(service)
    for _ in range(29):
        service.clock.advance(SECOND)
        assert isinstance(await guess(service), TooManyRequests)
    service.clock.advance(SECOND)
    assert await guess(service, PASSWORD) is None


async def test_locks_grow_to_an_hour_and_are_forgotten_after_a_day() -> None:
    """RL-2: 30 s, 1 min, 2 min … 1 h; yesterday does not count."""
    service = Service(attempts=1)
    waits: list[timedelta] = []
    for _ in range(10):
        await guess(service)
        refused = await guess(service)
        assert isinstance(refused, TooManyRequests)
        assert refused.retry_after is not None
        waits.append(refused.retry_after)
        service.clock.advance(refused.retry_after)
    assert waits == [*(30 * SECOND * 2**n for n in range(7)), HOUR, HOUR, HOUR]
    service.clock.advance(DAY)
    await guess(service)
    refused = await guess(service)
    assert refused is not None
    assert refused.retry_after == 30 * SECOND


async def test_a_lock_leaves_living_sessions_and_the_mail_reset_alone() -> None:
    """RL-2: a victim goes on working, and can always get back in by mail."""
    service = Service(attempts=3)
    await service.verified_user()
    grant = await service.sign_in()
    await lock(service)
    await service.authenticate(grant)
    await service.refresh(grant.refresh_token)
    await service.reset_password(await service.forgotten_password(), "a brand new password")
    assert await guess(service, "a brand new password") is None


async def test_without_a_limit_nothing_is_counted() -> None:
    """SIGN_IN_ATTEMPTS=0 lifts the lock."""
    service = Service(attempts=0)
    await service.verified_user()
    await lock(service, 30)
    assert await guess(service, PASSWORD) is None
    assert service.store.committed(ATTEMPTS).rows == {}


async def test_a_guess_that_is_being_evaluated_is_counted_already() -> None:
    """RL-1: no crash and no parallel request gives it back."""
    hasher = InterruptingHasher()
    service = Service(attempts=1, hasher=hasher)
    await service.verified_user()
    seen: list[DomainError | None] = []

    async def another_guess() -> None:
        seen.append(await guess(service, PASSWORD))

    hasher.meanwhile = another_guess
    await guess(service)
    assert [type(refused) for refused in seen] == [TooManyRequests]


async def test_a_lock_is_written_down_once_and_each_refusal_once() -> None:
    """LG-3: also for an address without an account, then without a user."""
    service = Service(attempts=3)
    user = await service.verified_user()
    await service.keys.keyring.prepare()
    for email, who, what in (
        (ADA, str(user.id), "user.locked"),
        ("no@example.com", None, "attempts.limited"),
    ):
        before = len(service.audited())
        await lock(service, email=email)
        await guess(service, email=email)
        rows = service.audited()[before:]
        assert sorted(kinds(rows)) == sorted(["session.refused"] * 4 + [what])
        assert {row.target and row.target.id for row in rows} == {who}
        assert rows[-1].reason == "TOO_MANY_REQUESTS"
        assert {row.outcome for row in rows} == {"failure"}


async def test_no_address_is_kept_with_the_guesses() -> None:
    """LG-1, EN-2: people type their password into the wrong field."""
    service = Service()
    await guess(service, email="hunter2@example.com")
    assert "hunter2" not in repr(service.snapshot())


async def test_right_passwords_in_parallel_never_lock() -> None:
    """RL-2: below the limit, each gives back what it took."""
    service = Service(attempts=10)
    await service.verified_user()
    await service.keys.keyring.prepare()
    grants = await asyncio.gather(*(service.sign_in() for _ in range(9)))
    assert all(isinstance(grant, TokenGrant) for grant in grants)
    assert service.store.committed(ATTEMPTS).rows == {}


async def test_a_locked_account_is_opened_at_once() -> None:
    """RL-2: guesses are forgotten, and no password is told."""
    service = Service(attempts=2)
    user = await service.verified_user()
    for _ in range(2):
        with pytest.raises(DomainError):
            await service.sign_in(ADA, OTHER_PASSWORD)
    with pytest.raises(DomainError, match="Too many"):
        await service.sign_in(ADA, PASSWORD)
    await service.credentials.unlock_user(principal=OPERATOR, user_id=user.id, origin=ORIGIN)
    await service.sign_in(ADA, PASSWORD)
    assert kinds(service.audited("user.unlocked")) == ["user.unlocked"]
