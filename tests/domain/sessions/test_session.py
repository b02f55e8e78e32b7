"""A session and its refresh tokens, step by step (RF-2, RF-3, RF-5, SE-2, SE-3)."""

import hashlib
import hmac
from dataclasses import fields, replace
from datetime import timedelta
from itertools import product

import pytest

from domain.assurance import Evidence, Method
from domain.identifiers import UserId
from domain.sessions.refresh_token import RefreshToken, RefreshTokenInvalid
from domain.sessions.session import (
    MAX_USER_AGENT,
    EndReason,
    Over,
    Replayed,
    Reused,
    Rotated,
    Rotation,
    Session,
    SessionIsOver,
    SessionPolicy,
)
from tests.domain.samples import DAY, HOUR, MINUTE, NOW, SECOND, TICK, entropy_from
from tests.domain.sessions.test_refresh_token import pad_of

GRACE = 30 * SECOND
POLICY = SessionPolicy(idle=DAY, absolute=30 * DAY, grace=GRACE, per_user=10)
STRICT = replace(POLICY, grace=timedelta())
ENTROPY = entropy_from("sessions")
USER = UserId.new(NOW, ENTROPY)


def started(*, policy: SessionPolicy = POLICY) -> tuple[Session, RefreshToken]:
    """Return a new session and its first token."""
    session, token, _ = Session.start(
        user_id=USER,
        evidence=Evidence.of(Method.PASSWORD),
        policy=policy,
        ip_address="192.0.2.1",
        user_agent="curl/8",
        now=NOW,
        entropy=ENTROPY,
    )
    return session, token


def shown(
    session: Session,
    token: RefreshToken,
    *,
    after: timedelta = timedelta(),
    policy: SessionPolicy = POLICY,
) -> Rotation:
    """Present the token so long after the start and return what came of it."""
    return session.rotate(token, policy=policy, now=NOW + after, entropy=ENTROPY)


def spent(
    session: Session,
    token: RefreshToken,
    *,
    after: timedelta = timedelta(),
    policy: SessionPolicy = POLICY,
) -> RefreshToken:
    """Spend the current token and return its successor."""
    rotation = shown(session, token, after=after, policy=policy)
    assert isinstance(rotation, Rotated)
    return rotation.token


def state(session: Session) -> dict[str, object]:
    """Return every field."""
    return {field.name: getattr(session, field.name) for field in fields(session)}


def test_a_session_starts_with_secrets_of_the_servers_making() -> None:
    """SE-2: identifier, family secret and token secret are all drawn here, each time anew."""
    session, token = started()
    other, other_token = started()
    assert session.id != other.id
    assert token.session_id == session.id
    assert token.secret != other_token.secret
    assert token.family_secret != other_token.family_secret
    assert (len(token.secret), len(token.family_secret)) == (32, 16)
    assert session.current_digest == token.digest
    assert session.expires_at == NOW + POLICY.idle
    assert session.over(NOW) is None


def test_a_very_long_user_agent_is_cut_and_an_empty_one_is_none() -> None:
    """IN-2: what a client says of itself cannot fill the store."""
    for given, kept in [("x" * 9999, "x" * MAX_USER_AGENT), ("", None), (None, None)]:
        session, _, _ = Session.start(
            user_id=USER,
            evidence=Evidence.of(Method.PASSWORD),
            policy=POLICY,
            ip_address=None,
            user_agent=given,
            now=NOW,
            entropy=ENTROPY,
        )
        assert session.user_agent == kept


def test_the_current_token_is_spent_for_a_successor() -> None:
    """RF-1: one generation on, with a secret of its own and the family's as before."""
    session, first = started()
    rotation = shown(session, first, after=HOUR)
    assert isinstance(rotation, Rotated)
    second = rotation.token
    assert (second.session_id, second.generation) == (session.id, 2)
    assert second.secret != first.secret
    assert second.family_secret == first.family_secret
    assert session.current_digest == second.digest
    assert session.previous_digest == first.digest
    assert (session.last_used_at, session.rotated_at) == (NOW + HOUR, NOW + HOUR)
    assert session.expires_at == NOW + HOUR + POLICY.idle
    assert rotation.event.session_id == session.id


def test_a_retry_within_the_grace_gets_the_same_successor_and_changes_nothing() -> None:
    """RF-3: as often as it comes, and the window is not prolonged."""
    session, first = started()
    second = spent(session, first)
    before = state(session)
    for after in (timedelta(), SECOND, GRACE - TICK, GRACE):
        retry = shown(session, first, after=after)
        assert isinstance(retry, Replayed)
        assert str(retry.token) == str(second)
        assert retry.event.occurred_at == NOW + after
        assert state(session) == before


def test_a_retry_after_the_grace_ends_the_session() -> None:
    """RF-2, RF-3: one tick too late is reuse, and the newest token dies with it."""
    session, first = started()
    second = spent(session, first)
    reuse = shown(session, first, after=GRACE + TICK)
    assert isinstance(reuse, Reused)
    assert (reuse.event.session_id, reuse.event.user_id) == (session.id, USER)
    assert session.end_reason is EndReason.REFRESH_TOKEN_REUSED
    assert session.ended_at == NOW + GRACE + TICK
    assert session.sealed_successor is None
    for token in (first, second):
        assert shown(session, token, after=HOUR) == Over(EndReason.REFRESH_TOKEN_REUSED)


def test_without_a_grace_a_second_showing_is_reuse_at_once() -> None:
    """RF-1, RF-3: REFRESH_GRACE=0 is strict, and then no successor is kept at all."""
    session, first = started(policy=STRICT)
    spent(session, first, policy=STRICT)
    assert session.sealed_successor is None
    assert isinstance(shown(session, first, policy=STRICT), Reused)


def test_a_grace_that_was_switched_off_meanwhile_counts_no_more() -> None:
    """RF-3: today's setting decides, also over a successor that was kept under yesterday's."""
    session, first = started()
    spent(session, first)
    assert session.sealed_successor is not None
    assert isinstance(shown(session, first, policy=STRICT), Reused)


def test_a_grace_that_was_switched_on_meanwhile_has_nothing_to_repeat() -> None:
    """RF-3: where no successor was kept there is none to give out."""
    session, first = started(policy=STRICT)
    spent(session, first, policy=STRICT)
    assert isinstance(shown(session, first), Reused)


def test_a_successor_that_was_wiped_is_not_repeated() -> None:
    """RF-3, RF-5: housekeeping wipes it when the window has passed."""
    session, first = started()
    spent(session, first)
    session.sealed_successor = None
    assert isinstance(shown(session, first), Reused)


def test_a_token_two_generations_old_ends_the_session_even_within_the_grace() -> None:
    """RF-3: the successor has been used, so this is no retry."""
    session, first = started()
    second = spent(session, first)
    third = spent(session, second)
    assert isinstance(shown(session, first), Reused)
    assert shown(session, third) == Over(EndReason.REFRESH_TOKEN_REUSED)


def test_an_expired_session_is_over_and_not_reused() -> None:
    """SE-3: nothing is left to protect, and nothing changes."""
    session, first = started()
    spent(session, first)
    before = state(session)
    assert shown(session, first, after=2 * DAY) == Over(EndReason.IDLE)
    assert shown(session, first, after=31 * DAY) == Over(EndReason.EXPIRED)
    assert state(session) == before


@pytest.mark.parametrize(
    ("part", "generation"),
    [
        *product(["family"], [0, 1, 2, 3, 4, 2**32 - 1]),
        # Of generation 1 only the family secret is left to compare.
        *product(["secret"], [0, 2, 3, 4, 2**32 - 1]),
    ],
)
def test_a_forged_token_changes_nothing(part: str, generation: int) -> None:
    """RF-3: knowing a session's identifier is not enough to end it or to use it."""
    session, first = started()
    second = spent(session, first)
    third = spent(session, second)
    genuine = {1: first, 2: second, 3: third}.get(generation, third)
    forged = replace(genuine, generation=generation)
    if part == "family":
        forged = replace(forged, family_secret=bytes(16))
    else:
        forged = replace(forged, secret=bytes(32))
    before = state(session)
    with pytest.raises(RefreshTokenInvalid):
        shown(session, forged)
    assert state(session) == before
    assert isinstance(shown(session, third), Rotated)


def test_a_token_from_the_future_is_invalid_even_with_the_right_family() -> None:
    """RF-3: a holder of a genuine token cannot reach beyond its own generation."""
    session, first = started()
    with pytest.raises(RefreshTokenInvalid):
        shown(session, first.successor(bytes(32)))
    assert isinstance(shown(session, first), Rotated)


def test_the_current_token_with_another_generation_is_invalid() -> None:
    """RF-3: each part of a token counts."""
    session, first = started()
    second = spent(session, first)
    with pytest.raises(RefreshTokenInvalid):
        shown(session, replace(second, generation=1))
    with pytest.raises(RefreshTokenInvalid):
        shown(session, replace(first, generation=2))


def test_refreshing_never_prolongs_the_absolute_life() -> None:
    """SE-3: used every hour, it ends at the same moment all the same."""
    session, token = started()
    at = timedelta()
    while at + HOUR < POLICY.absolute:
        at += HOUR
        token = spent(session, token, after=at)
        assert session.absolute_expires_at == NOW + POLICY.absolute
        assert session.expires_at <= NOW + POLICY.absolute
    spent(session, token, after=POLICY.absolute - TICK)
    assert session.over(NOW + POLICY.absolute) is EndReason.EXPIRED


def test_an_idle_session_ends_at_the_very_moment() -> None:
    """SE-3, CK-1: the end is not part of the life."""
    session, token = started()
    assert session.over(NOW + POLICY.idle - TICK) is None
    assert session.over(NOW + POLICY.idle) is EndReason.IDLE
    assert shown(session, token, after=POLICY.idle) == Over(EndReason.IDLE)


def test_an_ended_session_stays_ended_whatever_the_clock_says() -> None:
    """CK-1, SE-1: a clock that is set back revives nothing."""
    session, token = started()
    assert session.end(EndReason.SIGNED_OUT, now=NOW + HOUR) is not None
    assert session.over(NOW - DAY) is EndReason.SIGNED_OUT
    assert shown(session, token, after=-DAY) == Over(EndReason.SIGNED_OUT)


def test_a_session_is_ended_once_and_keeps_its_first_reason() -> None:
    """SE-1: the second end is none, and an expired session is not ended either."""
    session, _ = started()
    event = session.end(EndReason.REVOKED_BY_USER, now=NOW)
    assert event is not None
    assert event.reason == "REVOKED_BY_USER"
    assert session.end(EndReason.SIGNED_OUT, now=NOW + SECOND) is None
    assert (session.end_reason, session.ended_at) == (EndReason.REVOKED_BY_USER, NOW)
    expired, _ = started()
    assert expired.end(EndReason.SIGNED_OUT, now=NOW + POLICY.absolute) is None
    assert expired.end_reason is None


def test_ending_a_session_throws_its_sealed_successor_away() -> None:
    """RF-5: nothing that could still be opened is left."""
    session, first = started()
    spent(session, first)
    session.end(EndReason.SIGNED_OUT, now=NOW + SECOND)
    assert session.sealed_successor is None
    assert shown(session, first, after=SECOND) == Over(EndReason.SIGNED_OUT)


def test_the_record_alone_does_not_open_the_sealed_successor() -> None:
    """
    RF-5: inside the window too. We try as the thief of a database would who knows how pads are
    made, and even give away the family secret: every stored value, its hash, and every two of
    them as key and message.
    """
    session, first = started()
    second = spent(session, first, after=MINUTE)
    assert session.sealed_successor is not None
    stored = [value for value in state(session).values() if isinstance(value, bytes)]
    stored += [session.id.value.bytes, session.user_id.value.bytes, first.family_secret, b""]
    keys = {(value + bytes(32))[:32] for value in stored}
    keys |= {hashlib.sha256(value).digest() for value in stored}
    keys |= {derived(secret, digest) for secret, digest in product([*stored, *keys], stored)}
    keys |= {pad_of(replace(token, secret=key)) for token in (first, second) for key in list(keys)}
    for key in keys:
        assert opened(session.sealed_successor, key, first) != session.current_digest
    assert derived(first.secret, first.digest) == pad_of(first)
    assert opened(session.sealed_successor, pad_of(first), first) == session.current_digest


def derived(secret: bytes, digest: bytes) -> bytes:
    """Return HKDF-SHA256 (RFC 5869) of a secret, bound to a digest, by the book."""
    key = hmac.digest(bytes(32), secret, "sha256")
    return hmac.digest(key, b"doorward refresh successor v1" + digest + b"\x01", "sha256")


def opened(sealed: bytes, key: bytes, token: RefreshToken) -> bytes:
    """Return the digest of the successor that the key would open."""
    secret = bytes(a ^ b for a, b in zip(sealed, key, strict=True))
    return token.successor(secret).digest


def test_no_secret_stands_in_the_record() -> None:
    """RF-5: neither of the tokens nor their parts, at any time."""
    session, first = started()
    second = spent(session, first)
    for value in state(session).values():
        for secret in (first.secret, second.secret, first.family_secret):
            assert value != secret
            assert not (isinstance(value, bytes) and secret in value)
    text = f"{session!r}"
    assert str(first) not in text
    assert str(second) not in text


@pytest.mark.parametrize("reason", EndReason)
def test_the_refusal_says_why_the_session_is_over(reason: EndReason) -> None:
    """SESSION_ENDED with the reason as the code of its one detail."""
    refusal = SessionIsOver.because(reason)
    assert refusal.code == "SESSION_ENDED"
    assert [(v.field, v.code) for v in refusal.details] == [("session", reason.value)]
    assert refusal.details[0].message
