"""Removing what has expired: each kind in its time, in batches, and for itself (OB-5, RF-5)."""

import asyncio
import inspect
from dataclasses import replace
from datetime import timedelta
from importlib import import_module
from pkgutil import walk_packages

import pytest

import application
from adapters.memory.credentials.attempts import ATTEMPTS
from adapters.memory.credentials.one_time_tokens import ONE_TIME_TOKENS
from adapters.memory.keys.signing_keys import SIGNING_KEYS
from adapters.memory.sessions.sessions import SESSIONS
from application import housekeeping
from application.accounts.registration import SIGN_UP
from application.api_keys.wiring import KEEP_EXPIRED
from application.housekeeping import Purge, PurgeExpired, PurgeReport
from application.idempotency import Ticket
from application.keys.wiring import KEEP_GONE_KEYS
from application.mail.ports import MailRefused
from application.mail.wiring import KEEP_SENT_MESSAGES
from application.sessions.wiring import KEEP_ENDED_SESSIONS
from domain.errors import DomainError, ServiceUnavailable
from domain.mail.message import MessageStatus
from domain.principal import OPERATOR
from tests.application.doubles import overtake
from tests.application.service import DAY, MINUTE, SECOND
from tests.application.stories import ADA, ORIGIN, Service
from tests.contracts.samples import a_device, an_api_key


async def cleared(service: Service) -> dict[str, int]:
    """Clear away what is over; return how much of each kind there was, if there was any."""
    report = await service.purge_expired()
    assert report.failed == {}
    return {name: count for name, count in report.removed.items() if count}


async def test_a_fresh_service_has_nothing_to_clear() -> None:
    service = Service()
    await service.verified_user()
    await service.sign_in()
    before = service.snapshot()
    assert await cleared(service) == {}
    assert service.snapshot() == before


async def test_sealed_successors_are_wiped_when_their_grace_has_passed() -> None:
    """RF-5: what may not be asked for any more is not kept; the session goes on."""
    service = Service(grace=30 * SECOND)
    await service.verified_user()
    grant = await service.sign_in()
    grant = await service.refresh(grant.refresh_token)
    service.clock.advance(30 * SECOND)
    await cleared(service)
    (session,) = service.living()
    assert session.sealed_successor is not None
    service.clock.advance(SECOND)
    await cleared(service)
    (session,) = service.living()
    assert session.sealed_successor is None
    await service.refresh(grant.refresh_token)


async def test_ended_sessions_are_kept_for_a_while_and_then_removed() -> None:
    """SE-1: as long as an access token may still be held, the reason can be told."""
    service = Service()
    await service.verified_user()
    ended, living = await service.sign_in(), await service.sign_in()
    await service.sign_out(ended)
    service.clock.advance(KEEP_ENDED_SESSIONS)
    await cleared(service)
    assert ended.session.id in service.store.committed(SESSIONS).rows
    service.clock.advance(SECOND)
    await cleared(service)
    assert set(service.store.committed(SESSIONS).rows) == {living.session.id}


async def test_expired_secrets_old_guesses_and_sent_messages_are_removed() -> None:
    """OB-5, EN-2, AT-4: each after its own time; dead messages wait for the operator."""
    service = Service()
    await service.sign_up()
    service.mailbox.fail_next(MailRefused())
    await service.deliver()
    await service.sign_up("bob@example.com")
    await service.deliver()
    with pytest.raises(DomainError):
        await service.sign_in("no@example.com")
    service.clock.advance(DAY + SECOND)
    assert await cleared(service) == {
        "mailed secrets": 2,
        "guesses": 1,
        "secrets of dead messages": 1,
        "rate limits": 2,
    }
    assert service.store.committed(ONE_TIME_TOKENS).rows == {}
    assert service.store.committed(ATTEMPTS).rows == {}
    assert len(service.queue(MessageStatus.SENT)) == 1
    service.clock.advance(KEEP_SENT_MESSAGES)
    assert await cleared(service) == {"sent messages": 1}
    assert service.queue(MessageStatus.SENT) == []
    assert len(service.queue(MessageStatus.DEAD)) == 1


async def test_keys_are_removed_long_after_they_are_gone() -> None:
    """TK-3: and never the one that signs."""
    service = Service()
    await service.keys.keyring.prepare()
    async with service.units() as unit:
        (key,) = await unit.signing_keys.list_all()
        key.revoke(now=service.clock.now())
        await unit.signing_keys.save(key)
        await unit.commit()
    await service.keys.keyring.prepare()
    service.clock.advance(KEEP_GONE_KEYS)
    assert await cleared(service) == {}
    service.clock.advance(SECOND)
    assert await cleared(service) == {"signing keys": 1}
    assert len(service.store.committed(SIGNING_KEYS).rows) == 1


async def test_users_credentials_and_the_trail_are_never_cleared() -> None:
    """LG-3: the trail is append-only, and no account ends by the clock."""
    service = Service()
    await service.verified_user()
    rows = service.audited()
    service.clock.advance(timedelta(days=3650))
    await cleared(service)
    assert service.audited() == rows
    assert service.user().is_verified
    await service.sign_in()


async def test_the_limiters_own_keys_are_forgotten_too() -> None:
    """RL-4: only once they are back at their full burst."""
    service = Service()
    await service.verified_user()
    service.clock.advance(5 * MINUTE)
    await cleared(service)
    await service.credentials.request_password_reset(email=ADA, origin=ORIGIN)
    assert await service.deliver()
    assert await cleared(service) == {}
    service.clock.advance(5 * MINUTE)
    assert await cleared(service) == {"rate limits": 1}
    service.clock.advance(6 * MINUTE)
    assert await cleared(service) == {}


KINDS = [
    "sessions",
    "sealed successors",
    "api keys",
    "mailed secrets",
    "guesses",
    "challenges",
    "trusted devices",
    "invitations",
    "sent messages",
    "secrets of dead messages",
    "signing keys",
    "idempotency keys",
    "rate limits",
]
type Snapshot = dict[str, dict[object, object]]

NOT_IN_THE_STORE = {"idempotency keys", "rate limits"}


async def five_of_each() -> Service:
    """Return a service in which there are just five of each kind to remove."""
    service = Service(attempts=1, rate_limits=False)
    await service.keys.keyring.prepare()
    for _ in range(5):
        (key,) = service.keys.tokens.jwks()
        await service.keys.keyring.revoke(key["kid"], actor=OPERATOR, origin=ORIGIN)
    service.clock.advance(KEEP_GONE_KEYS)
    await service.operator_makes(OPERATOR)
    owner = service.user()
    for _ in range(5):
        await service.sign_out(await service.sign_in())
    service.clock.advance(KEEP_ENDED_SESSIONS)
    for number in range(5):
        grant = await service.sign_in()
        await service.refresh(grant.refresh_token)
        await service.invite(OPERATOR, f"guest{number}@example.com")
    await service.deliver()
    service.clock.advance(7 * DAY)
    for number in range(5):
        service.mailbox.fail_next(MailRefused())
        await service.sign_up(f"newcomer{number}@example.com")
        await service.deliver()
        with pytest.raises(DomainError):
            await service.sign_in(f"no{number}@example.com")
        ticket = await service.kernel.idempotent_requests.begin(
            caller="", key=str(number), request=b""
        )
        assert isinstance(ticket, Ticket)
        await service.ports.limiter.admit(SIGN_UP, str(number), now=service.clock.now())
        async with service.units() as unit:
            soon = service.clock.now() + SECOND
            await unit.spent_challenges.spend(bytes([number]) * 32, expires_at=soon)
            await unit.devices.add(a_device(owner, expires_at=soon))
            ended = service.clock.now() + DAY - KEEP_EXPIRED
            await unit.api_keys.add(replace(an_api_key(owner), expires_at=ended))
            await unit.commit()
    service.clock.advance(DAY + SECOND)
    return service


def changed_rows(before: Snapshot, after: Snapshot) -> int:
    """Return how many rows are not what they were."""
    rows = [
        {(name, key): row for name, table in tables.items() for key, row in table.items()}
        for tables in (before, after)
    ]
    return sum(rows[0].get(place) is not rows[1].get(place) for place in {*rows[0], *rows[1]})


@pytest.mark.parametrize("name", KINDS)
async def test_a_purge_removes_no_more_than_it_is_told_in_one_commit(name: str) -> None:
    """OB-5: and nothing else, so that no transaction holds many rows."""
    service = await five_of_each()
    (purge,) = (each for each in service.purges if each.name == name)
    stored = 0 if name in NOT_IN_THE_STORE else 1
    for expected in (2, 2, 1, 0):
        before, commits = service.snapshot(), service.units.commits
        assert await purge.remove(2) == expected
        assert changed_rows(before, service.snapshot()) == stored * expected
        assert service.units.commits - commits == stored


async def test_everything_goes_in_batches(monkeypatch: pytest.MonkeyPatch) -> None:
    """Of every kind all that there is, and never more than the batch at once."""
    monkeypatch.setattr(housekeeping, "BATCH", 2)
    service = await five_of_each()
    asked: list[int] = []

    def watched(purge: Purge) -> Purge:
        async def remove(limit: int) -> int:
            asked.append(limit)
            return await purge.remove(limit)

        return Purge(purge.name, remove)

    report = await PurgeExpired(purges=[watched(purge) for purge in service.purges])()
    assert report == PurgeReport(removed=dict.fromkeys(KINDS, 5), failed={})
    assert asked == [2] * 3 * len(KINDS)
    assert await cleared(service) == {}


async def test_one_kind_without_an_end_does_not_keep_the_others_waiting_for_ever(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """It goes on at the next call."""
    monkeypatch.setattr(housekeeping, "BATCH", 2)
    monkeypatch.setattr(housekeeping, "MOST_BATCHES", 3)

    async def endless(limit: int) -> int:
        return limit

    async def little(_: int) -> int:
        return 1

    report = await PurgeExpired(purges=[Purge("endless", endless), Purge("little", little)])()
    assert report == PurgeReport(removed={"endless": 6, "little": 1}, failed={})


@pytest.mark.parametrize("name", KINDS)
async def test_a_kind_that_fails_delays_no_other_and_is_reported(
    name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What it had removed before stays removed, and the next call goes on."""
    monkeypatch.setattr(housekeeping, "BATCH", 2)
    service, problem = await five_of_each(), ServiceUnavailable()

    def broken(purge: Purge) -> Purge:
        batches = 0

        async def remove(limit: int) -> int:
            nonlocal batches
            batches += 1
            if batches == 2:
                raise problem
            return await purge.remove(limit)

        return Purge(purge.name, remove)

    purges = [broken(each) if each.name == name else each for each in service.purges]
    report = await PurgeExpired(purges=purges)()
    assert report.failed == {name: problem}
    assert report.removed == {**dict.fromkeys(KINDS, 5), name: 2}
    assert await cleared(service) == {name: 3}


async def test_a_cancelled_round_is_no_failure_of_a_kind() -> None:
    """DU-2: the worker is being stopped, and stops."""

    async def cancelled(_: int) -> int:
        raise asyncio.CancelledError

    with pytest.raises(asyncio.CancelledError):
        await PurgeExpired(purges=[Purge("cancelled", cancelled)])()


def purging_methods() -> list[tuple[type, str]]:
    """Return what the ports have to remove with: each ``purge`` and each ``wipe_…``."""
    modules = [
        import_module(found.name)
        for found in walk_packages(application.__path__, "application.")
        if "ports" in found.name.split(".")
    ]
    return [
        (port, method)
        for module in modules
        for port in vars(module).values()
        if inspect.isclass(port) and port.__module__ == module.__name__
        for method in vars(port)
        if method == "purge" or method.startswith("wipe_")
    ]


@pytest.mark.parametrize(
    ("port", "method"),
    purging_methods(),
    ids=[f"{port.__name__}.{method}" for port, method in purging_methods()],
)
async def test_what_a_port_can_remove_is_removed(
    port: type, method: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """OB-5, RF-5: none is forgotten where the purges are collected."""
    service = Service()
    adapters: list[type] = port.__subclasses__()
    (adapter,) = (each for each in adapters if each.__module__.startswith("adapters.memory."))
    calls: list[str] = []

    async def called() -> None:
        calls.append(method)

    overtake(monkeypatch, adapter, method, called)
    await cleared(service)
    assert calls == [method]


async def test_each_kind_has_a_name_and_there_is_no_other_one() -> None:
    service = Service()
    assert [purge.name for purge in service.purges] == KINDS
    assert len(purging_methods()) == len(KINDS) == len(set(KINDS))
