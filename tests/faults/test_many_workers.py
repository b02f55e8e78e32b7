"""
Many workers on one outbox, as real processes, with a real SMTP server before them (OB-3, DU-2).
"""

import asyncio
import email
import json
import signal
import threading
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest
from aiosmtpd.smtp import SMTP, Envelope, Session

from domain.origin import NOWHERE
from domain.principal import OPERATOR
from entrypoints.container import Container
from tests.support.command_line import command
from tests.support.installation import over
from tests.support.processes import PATIENCE, started, wait_for_line

MESSAGES = 40


class Inbox:
    """
    An SMTP server in a thread. Each mail takes a moment, so that there is a middle to stop in.
    """

    def __init__(self) -> None:
        self.taken: list[str] = []
        self._changed = threading.Condition()
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, daemon=True)
        self._thread.start()
        listening = self._loop.create_server(lambda: SMTP(self, loop=self._loop), "127.0.0.1", 0)
        self._server = asyncio.run_coroutine_threadsafe(listening, self._loop).result(PATIENCE)
        self.port: int = self._server.sockets[0].getsockname()[1]

    async def handle_DATA(  # noqa: N802 - aiosmtpd's name
        self, server: SMTP, session: Session, envelope: Envelope
    ) -> str:
        assert isinstance(envelope.content, bytes)
        await asyncio.sleep(0.02)
        with self._changed:
            self.taken.append(email.message_from_bytes(envelope.content)["message-id"])
            self._changed.notify_all()
        return "250 OK"

    def wait_for(self, enough: Callable[[int], bool]) -> None:
        """
        Return once there is enough mail; fail if it does not come.
        """
        with self._changed:
            assert self._changed.wait_for(lambda: enough(len(self.taken)), PATIENCE * 2)

    def close(self) -> None:
        self._loop.call_soon_threadsafe(self._server.close)
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join(PATIENCE)
        self._loop.close()


@pytest.fixture
def inbox() -> Iterator[Inbox]:
    inbox = Inbox()
    yield inbox
    inbox.close()


@pytest.fixture
def settings(postgres_url: str, inbox: Inbox) -> dict[str, str]:
    """
    A database with so many mails to send.
    """
    settings = {
        "DATABASE_URL": postgres_url.replace("+asyncpg", ""),
        "SMTP_URL": f"smtp://127.0.0.1:{inbox.port}",
        "RUN_WORKER": "false",
        "MIGRATE_ON_START": "false",
    }
    asyncio.run(over(postgres_url, queue))
    return settings


async def queue(container: Container) -> None:
    """
    Queue so many mails with the service's own use case.
    """
    create_user = container.service().accounts.create_user
    for number in range(MESSAGES):
        await create_user(
            principal=OPERATOR,
            email=f"user{number}@example.com",
            password=None,
            display_name=None,
            roles=[],
            verified=False,
            origin=NOWHERE,
        )


def states(folder: Path, settings: dict[str, str]) -> Counter[str]:
    """
    Return how many messages there are in each state, as an operator sees them.
    """
    wanted = [
        part for each in ("waiting", "sent", "dead", "expired") for part in ("--status", each)
    ]
    listed = command("outbox", "list", "--json", *wanted, folder=folder, **settings)
    assert listed.returncode == 0, listed.stderr
    return Counter(message["status"] for message in json.loads(listed.stdout))


def test_three_workers_send_every_mail_once_though_one_is_stopped_in_the_middle(
    settings: dict[str, str], inbox: Inbox, tmp_path: Path
) -> None:
    """
    OB-3, DU-2: SIGTERM lets what is under way be sent and marked; the others send the rest.
    """
    with ExitStack() as stack:
        workers = [
            stack.enter_context(
                started("worker", folder=tmp_path, log=f"worker{number}.log", **settings)
            )
            for number in range(3)
        ]
        wait_for_line(tmp_path / "worker0.log", "worker_started", workers[0])
        inbox.wait_for(lambda count: count >= 5)
        workers[0].send_signal(signal.SIGTERM)
        assert workers[0].wait(PATIENCE) == 0
        inbox.wait_for(lambda count: count >= MESSAGES)
        for number, worker in enumerate(workers[1:], start=1):
            wait_for_line(tmp_path / f"worker{number}.log", "worker_started", worker)
            worker.send_signal(signal.SIGTERM)
            assert worker.wait(PATIENCE) == 0
    assert set(Counter(inbox.taken).values()) == {1}
    assert len(inbox.taken) == MESSAGES
    assert states(tmp_path, settings) == {"sent": MESSAGES}


def test_a_worker_alone_gives_back_what_it_has_not_sent(
    settings: dict[str, str], inbox: Inbox, tmp_path: Path
) -> None:
    """
    DU-2, OB-3: what it had claimed waits for the next worker, who sends it at once.
    """
    with started("worker", folder=tmp_path, **settings) as worker:
        inbox.wait_for(lambda count: count >= 3)
        worker.send_signal(signal.SIGTERM)
        assert worker.wait(PATIENCE) == 0
    sent = len(inbox.taken)
    assert 3 <= sent < MESSAGES
    assert states(tmp_path, settings) == {"sent": sent, "waiting": MESSAGES - sent}
    with started("worker", folder=tmp_path, **settings) as worker:
        inbox.wait_for(lambda count: count >= MESSAGES)
        worker.send_signal(signal.SIGTERM)
        assert worker.wait(PATIENCE) == 0
    assert set(Counter(inbox.taken).values()) == {1}
    assert len(inbox.taken) == MESSAGES
