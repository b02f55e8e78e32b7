"""Every field of every entity comes back from every store exactly as it went in.

Property tests: each example uses a user and identifiers of its own, so that one store serves
all examples of a test.
"""

import secrets
import string
from datetime import UTC, datetime, timedelta

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from application.ports.unit_of_work import UnitOfWorkFactory
from application.service import ServiceUnit
from domain.assurance import Assurance, Level, Method
from domain.audit.event import AuditEvent, AuditEventId, Party
from domain.credentials.one_time_token import OneTimeToken, Purpose
from domain.credentials.password import PasswordCredential
from domain.credentials.sign_in_attempts import SignInAttempts
from domain.email_address import EmailAddress
from domain.identifiers import Identifier, SessionId, UserId
from domain.keys.signing_key import SigningAlgorithm, SigningKey
from domain.mail.message import MessageId, OutboxMessage
from domain.origin import Origin
from domain.principal import RoleName
from domain.sessions.session import EndReason, Session
from domain.users.user import User
from tests.contracts.samples import (
    KINDS,
    NOW,
    a_user,
    keep_user,
    load_session,
    load_user,
    save_session,
    save_user,
    values_of,
)

few = settings(
    max_examples=12,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)

times = st.datetimes(
    min_value=datetime(1999, 12, 31, 23),  # noqa: DTZ001 - hypothesis takes the zone apart
    max_value=datetime(2101, 1, 1),  # noqa: DTZ001
    timezones=st.just(UTC),
)
moments = times | st.sampled_from(
    [
        datetime(2026, 11, 5, 9, 30, 15, 1, tzinfo=UTC),
        datetime(2026, 11, 5, 9, 30, 15, 999999, tzinfo=UTC),
        datetime(2028, 2, 29, 23, 59, 59, tzinfo=UTC),
        datetime(1970, 1, 1, tzinfo=UTC),
    ]
)
# No NUL and no lone surrogate: the edge of the service refuses both (IN-1).
letters = st.characters(exclude_categories=["Cs"], exclude_characters="\x00")


def texts(limit: int, *, least: int = 0) -> st.SearchStrategy[str]:
    """Return texts of any script, the traps among them."""
    traps = [
        "%_\\",
        "'; --",
        '"',
        "\u200d🏳️\u200d🌈",
        "שלום",
        "e\u0301",
        "\ufffd",
        "null",
        "{}",
        "\t\r\n",
    ]
    return st.text(letters, min_size=least, max_size=limit) | st.sampled_from(
        [trap for trap in traps if least <= len(trap) <= limit]
    )


def blobs(limit: int = 64) -> st.SearchStrategy[bytes]:
    """Return bytes, zeros and what looks like text among them."""
    return st.binary(max_size=limit) | st.sampled_from([b"\x00" * 8, b"\\x00", b"'", b"\xff\xfe"])


def identified[I: Identifier](kind: type[I]) -> I:
    """Return a fresh identifier of this kind."""
    return kind.new(NOW, secrets.token_bytes)


local_parts = st.text(
    string.ascii_letters + string.digits + "!#$%&'*+/=?^_`{|}~-", min_size=1, max_size=40
)
domains = st.sampled_from(["example.com", "EXAMPLE.org", "bücher.example", "sub.домен.example"])
digests = st.binary(min_size=32, max_size=32)
role_names = st.from_regex(r"[a-z][a-z0-9_-]{0,63}", fullmatch=True).map(RoleName)
words = st.dictionaries(texts(20), texts(60), max_size=4)


@given(data=st.data())
@few
async def test_users(units: UnitOfWorkFactory[ServiceUnit], data: st.DataObject) -> None:
    draw = data.draw
    local_part = f"{draw(local_parts)}.{secrets.token_hex(5)}"
    user = User(
        id=identified(UserId),
        email=EmailAddress.parse(f"{local_part}@{draw(domains)}"),
        display_name=draw(st.none() | texts(100)),
        email_verified_at=draw(st.none() | moments),
        suspended_at=draw(st.none() | moments),
        suspension_reason=draw(st.none() | texts(500)),
        roles=draw(st.frozensets(role_names, max_size=4)),
        created_at=draw(moments),
        updated_at=draw(moments),
        last_signed_in_at=draw(st.none() | moments),
    )
    await keep_user(units, user)
    assert values_of(await load_user(units, user.id)) == values_of(user)

    user.display_name = draw(st.none() | texts(100))
    user.roles = draw(st.frozensets(role_names, max_size=4))
    user.email_verified_at, user.suspended_at = user.suspended_at, user.email_verified_at
    user.updated_at = draw(moments)
    await save_user(units, user)
    assert values_of(await load_user(units, user.id)) == values_of(user)
    async with units.read_only() as work:
        found = await work.users.find_by_email(user.email)
    assert found is not None
    assert values_of(found) == values_of(user)


@given(data=st.data())
@few
async def test_credentials(units: UnitOfWorkFactory[ServiceUnit], data: st.DataObject) -> None:
    draw = data.draw
    user = await keep_user(units)
    credential = PasswordCredential(
        user_id=user.id,
        hash=draw(texts(300)),
        changed_at=draw(moments),
        contested=draw(st.booleans()),
    )
    async with units() as work:
        await work.credentials.add(credential)
        await work.commit()
    async with units() as work:
        loaded = await work.credentials.get(user.id)
        assert loaded is not None
        assert values_of(loaded) == values_of(credential)
        loaded.hash, loaded.contested = draw(texts(300)), draw(st.booleans())
        loaded.changed_at = draw(moments)
        await work.credentials.save(loaded)
        await work.commit()
    async with units.read_only() as work:
        again = await work.credentials.get(user.id)
    assert again is not None
    assert values_of(again) == values_of(loaded)


@given(data=st.data())
@few
async def test_sessions(units: UnitOfWorkFactory[ServiceUnit], data: st.DataObject) -> None:
    draw = data.draw
    user = await keep_user(units)

    def session(session_id: SessionId) -> Session:
        return Session(
            id=session_id,
            user_id=user.id,
            created_at=draw(moments),
            last_used_at=draw(moments),
            idle_expires_at=draw(moments),
            absolute_expires_at=draw(moments),
            generation=draw(st.integers(1, 2**31 - 1)),
            family_digest=draw(digests),
            current_digest=draw(digests),
            previous_digest=draw(st.none() | digests),
            sealed_successor=draw(st.none() | blobs()),
            rotated_at=draw(st.none() | moments),
            ended_at=draw(st.none() | moments),
            end_reason=draw(st.none() | st.sampled_from(EndReason)),
            ip_address=draw(
                st.sampled_from([None, "192.0.2.1", "2001:db8::/64", "::ffff:1.2.3.4"])
            ),
            user_agent=draw(st.none() | texts(256)),
            assurance=Assurance(
                draw(st.sampled_from(Level)),
                tuple(draw(st.sets(st.sampled_from(Method)))),
                draw(moments),
            ),
        )

    kept = session(identified(SessionId))
    async with units() as work:
        await work.sessions.add(kept)
        await work.commit()
    assert values_of(await load_session(units, kept)) == values_of(kept)

    changed = session(kept.id)
    # A session keeps its birth, its family and its first client for life.
    for fixed in ("created_at", "absolute_expires_at", "family_digest", "ip_address", "user_agent"):
        setattr(changed, fixed, getattr(kept, fixed))
    await save_session(units, changed)
    assert values_of(await load_session(units, kept)) == values_of(changed)


@given(data=st.data())
@few
async def test_one_time_tokens(units: UnitOfWorkFactory[ServiceUnit], data: st.DataObject) -> None:
    draw = data.draw
    user = await keep_user(units)
    token = OneTimeToken(
        user_id=user.id,
        purpose=draw(st.sampled_from(Purpose)),
        email=EmailAddress.parse(f"{draw(local_parts)}@{draw(domains)}"),
        digest=secrets.token_bytes(32),
        created_at=draw(moments),
        expires_at=draw(moments),
    )
    async with units() as work:
        await work.one_time_tokens.put(token)
        assert await work.one_time_tokens.find(token.digest) == token
        assert await work.one_time_tokens.take(token.digest) == token


@given(data=st.data())
@few
async def test_sign_in_attempts(units: UnitOfWorkFactory[ServiceUnit], data: st.DataObject) -> None:
    draw = data.draw
    key = secrets.token_bytes(32)
    for _ in range(2):
        async with units() as work:
            attempts = await work.attempts.hold(key)
            attempts.failures, attempts.locks = draw(st.integers(0, 1000)), draw(st.integers(0, 99))
            attempts.locked_until = draw(st.none() | moments)
            attempts.last_attempt_at = draw(st.none() | moments)
            await work.attempts.save(attempts)
            await work.commit()
        async with units() as work:
            held: SignInAttempts = await work.attempts.hold(key)
        assert values_of(held) == values_of(attempts)


@given(data=st.data())
@few
async def test_signing_keys(units: UnitOfWorkFactory[ServiceUnit], data: st.DataObject) -> None:
    draw = data.draw
    key = SigningKey(
        kid=secrets.token_urlsafe(32),
        algorithm=draw(st.sampled_from(SigningAlgorithm)),
        public_jwk=draw(words),
        sealed_private_key=draw(blobs(3000)),
        published_at=draw(moments),
        activates_at=draw(moments),
        retires_at=draw(st.none() | moments),
        gone_at=draw(st.none() | moments),
    )
    async with units() as work:
        await work.signing_keys.add(key)
        await work.commit()
    assert values_of(await _key(units, key.kid)) == values_of(key)
    key.retires_at, key.gone_at = draw(st.none() | moments), draw(st.none() | moments)
    key.activates_at = draw(moments)
    async with units() as work:
        await work.signing_keys.save(key)
        await work.commit()
    assert values_of(await _key(units, key.kid)) == values_of(key)


@given(data=st.data())
@few
async def test_audit_events(units: UnitOfWorkFactory[ServiceUnit], data: st.DataObject) -> None:
    draw = data.draw
    user = a_user()
    event = AuditEvent(
        id=identified(AuditEventId),
        occurred_at=draw(moments),
        type=draw(st.sampled_from(["user.registered", "session.refused", "x" * 64])),
        outcome=draw(st.sampled_from(["success", "failure"])),
        reason=draw(st.none() | texts(64)),
        actor=Party("user", str(user.id)),
        target=draw(st.sampled_from([None, Party("session", str(identified(SessionId)))])),
        origin=Origin(
            ip_address=draw(st.sampled_from([None, "192.0.2.1", "2001:db8::1"])),
            user_agent=draw(st.none() | texts(300)),
            request_id=draw(st.none() | texts(128)),
        ),
        data=draw(words),
    )
    async with units() as work:
        await work.audit.append(event)
        await work.commit()
    async with units.read_only() as work:
        assert await work.audit.about(user.id, limit=10) == [event]


@given(data=st.data())
@few
async def test_outbox_messages(units: UnitOfWorkFactory[ServiceUnit], data: st.DataObject) -> None:
    draw = data.draw
    message = OutboxMessage(
        id=identified(MessageId),
        kind=draw(st.sampled_from(KINDS)),
        to=f"{draw(local_parts)}@example.com",
        parameters=draw(words),
        sealed_secret=draw(st.none() | blobs(500)),
        queued_at=draw(moments),
        expires_at=draw(st.none() | moments),
        attempts=draw(st.integers(0, 50)),
    )
    async with units() as work:
        await work.outbox.enqueue(message)
        [claimed] = await work.outbox.claim(
            kinds=KINDS, limit=10, lease=timedelta(minutes=1), now=message.queued_at
        )
    assert values_of(claimed) == values_of(message) | {"attempts": message.attempts + 1}


async def _key(units: UnitOfWorkFactory[ServiceUnit], kid: str) -> SigningKey:
    async with units.read_only() as work:
        return next(key for key in await work.signing_keys.list_all() if key.kid == kid)
