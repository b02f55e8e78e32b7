"""A forgotten password: one mail, one request with its secret (AT-1, AT-4, AT-6, F9)."""

import asyncio
from collections.abc import Awaitable, Callable

import pytest

from adapters.memory.credentials.attempts import ATTEMPTS
from adapters.memory.users.tables import CREDENTIALS
from application.factors.sign_in import InvalidCredentials
from domain.credentials.one_time_token import InvalidToken, Purpose
from domain.credentials.password_policy import PasswordRejected
from domain.errors import ServiceUnavailable
from domain.principal import OPERATOR
from domain.sessions.session import SessionIsOver
from domain.users.user import UserIsSuspended
from tests.application.doubles import InterruptingHasher
from tests.application.service import MINUTE, SECOND
from tests.application.stories import ADA, ORIGIN, OTHER_PASSWORD, PASSWORD, Service, kinds


async def test_the_mailed_secret_sets_a_new_password() -> None:
    """AT-1: the old one is wrong from then on, the new one right."""
    service = Service()
    await service.verified_user()
    await service.reset_password(await service.forgotten_password())
    with pytest.raises(InvalidCredentials):
        await service.sign_in(password=PASSWORD)
    await service.sign_in(password=OTHER_PASSWORD)


async def test_everything_that_the_old_password_allowed_ends_in_one_commit() -> None:
    """AT-6, AT-4: sessions, refresh tokens, every unspent secret; the owner is told."""
    service = Service()
    await service.sign_up()
    await service.confirm(await service.mailed_token())
    grants = [await service.sign_in() for _ in range(3)]
    token = await service.forgotten_password()
    commits = service.units.commits
    await service.reset_password(token)
    assert service.units.commits == commits + 1
    assert service.living() == []
    assert service.purposes() == set()
    for grant in grants:
        with pytest.raises(SessionIsOver) as over:
            await service.authenticate(grant)
        assert over.value.details[0].code == "PASSWORD_CHANGED"
        with pytest.raises(SessionIsOver):
            await service.refresh(grant.refresh_token)
    assert (await service.subjects())[-1] == "Your password was changed"
    assert kinds(service.audited("password.reset", "session.ended", "user.email_verified")) == [
        "user.email_verified",
        "session.ended",
        "password.reset",
    ]


async def test_a_reset_with_no_session_to_end_says_nothing_of_sessions() -> None:
    """LG-3: one row for the one thing that happened."""
    service = Service()
    await service.verified_user()
    await service.reset_password(await service.forgotten_password())
    assert service.audited("session.ended") == []


async def test_a_reset_discards_the_verification_mail_and_is_proof_itself() -> None:
    """AT-4: the reader of the mail owns the mailbox."""
    service = Service()
    await service.sign_up()
    verification = await service.mailed_token()
    await service.reset_password(await service.forgotten_password())
    assert service.user().is_verified
    with pytest.raises(InvalidToken):
        await service.confirm(verification)
    assert len(service.audited("user.email_verified")) == 1


async def test_a_secret_is_spent_once() -> None:
    """AT-4: also in parallel: one password wins, and it is the winner's."""
    service = Service()
    await service.verified_user()
    token = await service.forgotten_password()
    passwords = [f"{OTHER_PASSWORD} {number}" for number in range(10)]
    outcomes = await asyncio.gather(
        *(service.reset_password(token, password) for password in passwords),
        return_exceptions=True,
    )
    assert outcomes.count(None) == 1
    assert sum(isinstance(outcome, InvalidToken) for outcome in outcomes) == 9
    await service.sign_in(password=passwords[outcomes.index(None)])
    with pytest.raises(InvalidToken):
        await service.reset_password(token)
    assert kinds(service.audited("password.reset")) == ["password.reset"]


@pytest.mark.parametrize("token", ["", "null", "dwm_", "dwm_" + "A" * 43, "\0", "dwm_" + "é" * 43])
async def test_without_the_secret_nothing_changes_and_nothing_is_hashed(token: str) -> None:
    """AT-1, F9, PW-2: no step can be skipped, since there is only one."""
    service = Service()
    await service.verified_user()
    await service.forgotten_password()
    spent = service.spent_hashes
    async with service.unchanged():
        with pytest.raises(InvalidToken):
            await service.reset_password(token)
    assert service.spent_hashes == spent


async def test_variants_of_the_secret_are_wrong() -> None:
    """TK-2: truncated, extended, case-changed, padded, trimmed."""
    service = Service()
    await service.verified_user()
    token = await service.forgotten_password()
    variants = [token[:-1], token + "A", token.swapcase(), token + "=", f" {token}", f"{token}\n"]
    async with service.unchanged():
        for variant in variants:
            with pytest.raises(InvalidToken):
                await service.reset_password(variant)
    await service.reset_password(token)


async def test_one_users_secret_sets_one_users_password() -> None:
    """AT-1, AT-4: bound to the user that it was mailed to."""
    service = Service()
    await service.verified_user()
    await service.verified_user("bob@example.com")
    await service.reset_password(await service.forgotten_password("bob@example.com"))
    await service.sign_in()
    await service.sign_in("bob@example.com", OTHER_PASSWORD)


async def test_a_secret_expires_at_the_very_moment() -> None:
    """AT-4, CK-1: and the setting says when."""
    for late, good in [(30 * MINUTE - SECOND, True), (30 * MINUTE, False)]:
        service = Service(reset_ttl=30 * MINUTE)
        await service.verified_user()
        token = await service.forgotten_password()
        service.clock.advance(late)
        if good:
            await service.reset_password(token)
            continue
        async with service.unchanged():
            with pytest.raises(InvalidToken):
                await service.reset_password(token)


async def test_a_newer_secret_replaces_the_older() -> None:
    """AT-4: only the newest mail is good."""
    service = Service()
    await service.verified_user()
    old = await service.forgotten_password()
    new = await service.forgotten_password()
    assert old != new
    with pytest.raises(InvalidToken):
        await service.reset_password(old)
    await service.reset_password(new)


@pytest.mark.parametrize("password", ["short", "passwordpassword", "x" * 300, "ada doorward door"])
async def test_a_refused_password_leaves_the_secret_good(password: str) -> None:
    """PW-3, PW-4, PW-6: the user may think of another one; no hash is spent on a bad one."""
    service = Service()
    await service.verified_user()
    token = await service.forgotten_password()
    spent = service.spent_hashes
    async with service.unchanged():
        with pytest.raises(PasswordRejected) as refused:
            await service.reset_password(token, password)
    assert {violation.field for violation in refused.value.details} == {"new_password"}
    assert service.spent_hashes == spent
    await service.reset_password(token)


async def test_a_reset_lifts_the_lock() -> None:
    """RL-2: the owner of the mailbox is not kept out by the guesses of others."""
    service = Service(attempts=2)
    await service.verified_user()
    for _ in range(2):
        with pytest.raises(InvalidCredentials):
            await service.sign_in(password="entirely wrong password")
    await service.reset_password(await service.forgotten_password())
    assert service.store.committed(ATTEMPTS).rows == {}
    await service.sign_in(password=OTHER_PASSWORD)


async def test_a_user_without_a_password_gets_one() -> None:
    """An invited or disputed account is completed by the reset mail."""
    service = Service()
    await service.operator_makes(OPERATOR, password=None)
    assert service.credential() is None
    await service.reset_password(await service.mailed_token())
    await service.sign_in(password=OTHER_PASSWORD)


async def test_a_suspended_users_secret_is_no_good() -> None:
    """AT-4: disabled between the mail and the click, or between the hash and the write."""
    service = Service()
    await service.verified_user()
    token = await service.forgotten_password()
    await service.suspend()
    async with service.unchanged():
        with pytest.raises(InvalidToken):
            await service.reset_password(token)


@pytest.mark.parametrize("change", ["suspend", "erase"])
async def test_what_happens_while_the_password_is_hashed_counts(change: str) -> None:
    """AT-4, RF-4: the secret is asked for again when it is spent."""
    hasher = InterruptingHasher()
    service = Service(hasher=hasher)
    await service.verified_user()
    token = await service.forgotten_password()
    meanwhile: dict[str, Callable[[], Awaitable[None]]] = {
        "suspend": service.suspend,
        "erase": service.erase,
    }
    hasher.meanwhile = meanwhile[change]
    before = dict(service.store.committed(CREDENTIALS).rows)
    with pytest.raises(InvalidToken):
        await service.reset_password(token)
    assert dict(service.store.committed(CREDENTIALS).rows) in (before, {})


async def test_a_store_that_fails_leaves_the_old_password_and_the_secret() -> None:
    """SE-1, DB-2 (I3): nothing or all; the link works again when the store does."""
    service = Service()
    await service.verified_user()
    token = await service.forgotten_password()
    hasher_calls = service.hasher.hashes
    service.store.answers = False
    with pytest.raises(ServiceUnavailable):
        await service.reset_password(token)
    assert service.hasher.hashes == hasher_calls
    service.store.answers = True
    await service.sign_in()
    await service.reset_password(token)


async def _nobody(service: Service) -> None:
    """The address has no account."""


async def _unverified(service: Service) -> None:
    await service.sign_up()


async def _verified(service: Service) -> None:
    await service.verified_user()


async def _suspended(service: Service) -> None:
    await service.verified_user()
    await service.suspend()


@pytest.mark.parametrize(
    ("prepare", "mailed"), [(_nobody, 0), (_unverified, 1), (_verified, 1), (_suspended, 0)]
)
async def test_asking_for_a_reset_tells_nothing(
    prepare: Callable[[Service], Awaitable[None]], mailed: int
) -> None:
    """
    EN-1, LG-3: the same single write at every address; the worker looks, mails, and records
    the request with where it came from.
    """
    service = Service()
    await prepare(service)
    await service.deliver()
    mails, commits = len(service.mailbox.mails), service.units.commits
    await service.credentials.request_password_reset(email=ADA, origin=ORIGIN)
    assert service.units.commits == commits + 1
    (entry,) = service.queue()
    assert entry.message.kind == "password_reset_requested"
    assert service.audited("password.reset_requested") == []
    await service.deliver()
    assert len(service.mailbox.mails) == mails + mailed
    rows = service.audited("password.reset_requested")
    assert [(row.actor.kind, row.origin) for row in rows] == [("anonymous", ORIGIN)] * mailed


async def test_the_reset_mail_goes_to_the_stored_address() -> None:
    """AT-3: to the one mailbox of the account found, and never to what was typed."""
    service = Service()
    await service.verified_user("Ada@example.com")
    await service.credentials.request_password_reset(email="ADA@EXAMPLE.COM", origin=ORIGIN)
    await service.deliver()
    assert {mail.to for mail in service.mailbox.mails} == {"Ada@example.com"}


async def test_asking_changes_no_password_and_ends_no_session() -> None:
    """AT-1, RL-2: every caller may ask; only the mail does anything."""
    service = Service()
    await service.verified_user()
    grant = await service.sign_in()
    await service.forgotten_password()
    await service.authenticate(grant)
    await service.sign_in()
    assert service.purposes() == {Purpose.PASSWORD_RESET}


async def test_a_started_reset_is_mailed_to_the_owner_alone() -> None:
    """AZ-4: and a suspended account gets none."""
    service = Service()
    user = await service.verified_user()
    await service.credentials.start_password_reset(
        principal=OPERATOR, user_id=user.id, origin=ORIGIN
    )
    await service.reset_password(await service.mailed_token())
    await service.sign_in(ADA, OTHER_PASSWORD)
    assert [row.actor.kind for row in service.audited("password.reset_requested")] == ["operator"]
    await service.operator_suspends(user)
    with pytest.raises(UserIsSuspended):
        await service.credentials.start_password_reset(
            principal=OPERATOR, user_id=user.id, origin=ORIGIN
        )
