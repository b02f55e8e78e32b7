"""A mail server that is away is left alone, and asked once when it may be back (OB-2)."""

import asyncio

import pytest

from adapters.memory.clock import ManualClock
from adapters.memory.mail.circuits import CIRCUITS
from adapters.memory.mail.tables import OUTBOX
from adapters.memory.store import MemoryStore
from application.mail.ports import Mail, Mailer, MailNotSent, MailRefused, MailServerAway
from application.mail.relay import RelayReport
from domain.mail.circuit import CircuitState
from domain.mail.message import MessageStatus
from tests.application.service import MINUTE, SECOND
from tests.application.stories import ADA, ORIGIN, Service


class Server(Mailer):
    """A mail server that can be away, slow, or of an opinion."""

    def __init__(self) -> None:
        self.problem: Exception | None = None
        self.hangs: asyncio.Event | None = None
        self.tries = 0
        self.taken: list[str] = []

    async def send(self, mail: Mail) -> None:
        self.tries += 1
        if self.hangs is not None:
            self.hangs.set()
            await asyncio.Event().wait()
        if self.problem is not None:
            raise self.problem
        self.taken.append(mail.to)


async def a_queue(number: int, server: Server) -> Service:
    """Return a service with so many mails to send."""
    service = Service(mailer=server)
    for count in range(number):
        await service.sign_up(f"user{count}@example.com")
    return service


async def test_after_five_misses_the_rest_is_given_back_untried() -> None:
    """OB-2: and what was not tried has lost nothing."""
    server = Server()
    service = await a_queue(8, server)
    server.problem = MailServerAway()
    assert await service.relay() == RelayReport(claimed=8, postponed=5)
    assert await service.mail.circuit.state() is CircuitState.OPEN
    attempts = sorted(entry.message.attempts for entry in service.queue())
    assert attempts == [0, 0, 0, 1, 1, 1, 1, 1]
    assert await service.relay() == RelayReport()
    assert server.tries == 5


async def test_when_the_pause_is_over_one_message_asks_and_then_all_go() -> None:
    server = Server()
    service = await a_queue(8, server)
    server.problem = MailServerAway()
    await service.relay()
    service.clock.advance(20 * SECOND)
    assert await service.mail.circuit.state() is CircuitState.HALF_OPEN
    assert (await service.relay()).claimed == 1
    assert (server.tries, await service.mail.circuit.state()) == (6, CircuitState.OPEN)
    server.problem = None
    service.clock.advance(40 * SECOND)
    assert await service.relay() == RelayReport(claimed=1, sent=1)
    assert await service.mail.circuit.state() is CircuitState.CLOSED
    service.clock.advance(MINUTE)
    await service.deliver()
    assert sorted(server.taken) == [f"user{n}@example.com" for n in range(8)]


async def test_two_workers_send_one_probe() -> None:
    """OB-2: they share the circuit through the store."""
    server = Server()
    store, clock = MemoryStore(), ManualClock()
    first = Service(mailer=server, store=store, clock=clock)
    second = Service(mailer=server, store=store, clock=clock)
    for count in range(8):
        await first.sign_up(f"user{count}@example.com")
    server.problem = MailServerAway()
    await first.relay()
    clock.advance(20 * SECOND)
    reports = await asyncio.gather(first.relay(), second.relay())
    assert sorted(report.claimed for report in reports) == [0, 1]
    assert server.tries == 6


@pytest.mark.parametrize("answer", [MailNotSent(), MailRefused()])
async def test_an_answer_about_a_message_shows_that_the_server_is_there(
    answer: Exception,
) -> None:
    """OB-4: a full mailbox or an unknown one says nothing about the others."""
    server = Server()
    service = await a_queue(7, server)
    server.problem = answer
    assert (await service.relay()).claimed == 7
    assert server.tries == 7
    assert await service.mail.circuit.state() is CircuitState.CLOSED


async def test_a_miss_now_and_then_opens_nothing() -> None:
    server = Server()
    service = await a_queue(12, server)
    for _ in range(3):
        server.problem = MailServerAway()
        for _ in range(4):
            await service.relay(limit=1)
        server.problem = None
        await service.relay(limit=1)
        service.clock.advance(MINUTE)
    assert await service.mail.circuit.state() is CircuitState.CLOSED


async def test_a_cancelled_probe_is_no_failure() -> None:
    """DU-2: the next worker may ask at once."""
    server = Server()
    service = await a_queue(6, server)
    server.problem = MailServerAway()
    await service.relay()
    service.clock.advance(20 * SECOND)
    server.problem, server.hangs = None, asyncio.Event()
    probing = asyncio.create_task(service.relay())
    await server.hangs.wait()
    probing.cancel()
    with pytest.raises(asyncio.CancelledError):
        await probing
    server.hangs = None
    assert await service.mail.circuit.state() is CircuitState.HALF_OPEN
    assert (await service.relay()).sent == 1
    assert await service.mail.circuit.state() is CircuitState.CLOSED


async def test_a_probe_that_finds_nothing_to_send_is_free_again() -> None:
    """A request for a mail is answered without asking any server."""
    server = Server()
    service = await a_queue(5, server)
    server.problem = MailServerAway()
    await service.relay()
    for entry in service.queue():
        await service.erase(entry.message.to)
    service.store.committed(OUTBOX).apply(dict.fromkeys(list(service.store.committed(OUTBOX).rows)))
    await service.credentials.request_password_reset(email=ADA, origin=ORIGIN)
    service.clock.advance(20 * SECOND)
    commits = service.units.commits
    assert (await service.relay()).claimed == 1
    assert await service.relay() == RelayReport()
    assert await service.mail.circuit.state() is CircuitState.HALF_OPEN
    assert service.units.commits == commits + 3
    await service.sign_up()
    server.problem = None
    assert (await service.relay()).sent == 1


async def test_while_all_is_well_nothing_is_written_about_it() -> None:
    server = Server()
    service = await a_queue(3, server)
    await service.deliver()
    assert service.store.committed(CIRCUITS).rows == {}


async def test_a_secret_that_was_replaced_while_the_server_was_away_is_not_mailed() -> None:
    """OB-2, AT-4: no user gets a dead link after an outage."""
    server = Server()
    service = Service(mailer=server)
    await service.sign_up()
    server.problem = MailServerAway()
    await service.relay()
    service.clock.advance(2 * MINUTE)
    await service.accounts.request_email_verification(email=ADA, origin=ORIGIN)
    await service.deliver()
    server.problem = None
    service.clock.advance(MINUTE)
    await service.deliver()
    assert server.taken == [ADA]
    (expired,) = service.queue(MessageStatus.EXPIRED)
    assert (expired.error, expired.message.sealed_secret) == ("replaced or spent", None)
    token = await service.mailed_token()
    assert (await service.confirm(token)).user.is_verified
