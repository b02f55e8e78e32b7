"""
PostgreSQL that crashes between the mail server's 250 and the mark, under real workers (OB-3).
"""

import asyncio
import threading
from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from aiosmtpd.smtp import SMTP, Envelope, Session

from migrations.runner import upgrade
from tests.faults.test_many_workers import Inbox, queue, states
from tests.support.installation import over
from tests.support.postgres import PostgresServer
from tests.support.processes import PATIENCE, started, wait_for_line


class CrashingInbox(Inbox):
    """
    Takes a mail, and crashes the database before it says so: once, when told to.
    """

    def __init__(self, crash: Callable[[], None]) -> None:
        super().__init__()
        self._crash = crash
        self.armed = True
        self.crashed = threading.Event()

    async def handle_DATA(  # noqa: N802 - aiosmtpd's name
        self, server: SMTP, session: Session, envelope: Envelope
    ) -> str:
        answer = await super().handle_DATA(server, session, envelope)
        if self.armed:
            self.armed = False
            await asyncio.to_thread(self._crash)
            self.crashed.set()
        return answer


@pytest.fixture
def inbox(own_postgres: PostgresServer) -> Iterator[CrashingInbox]:
    inbox = CrashingInbox(own_postgres.kill)
    yield inbox
    inbox.close()


@pytest.fixture
def settings(own_postgres: PostgresServer, inbox: CrashingInbox) -> dict[str, str]:
    """
    A database with mails to send.
    """
    url = own_postgres.url()
    asyncio.run(upgrade(url))
    asyncio.run(over(url, queue))
    return {
        "DATABASE_URL": url.replace("+asyncpg", ""),
        "SMTP_URL": f"smtp://127.0.0.1:{inbox.port}",
        "RUN_WORKER": "false",
        "MIGRATE_ON_START": "false",
    }


def test_a_database_that_crashes_behind_the_250_has_no_mail_sent_twice(
    settings: dict[str, str], own_postgres: PostgresServer, inbox: CrashingInbox, tmp_path: Path
) -> None:
    """
    OB-3, OB-4: two workers, and the mark is written once the database is back; none is set aside.
    """
    with (
        started("worker", folder=tmp_path, log="one.log", **settings) as one,
        started("worker", folder=tmp_path, log="two.log", **settings) as two,
    ):
        assert inbox.crashed.wait(PATIENCE)
        for log, worker in (("one.log", one), ("two.log", two)):
            # One of them may still be starting when the other's mail crashes the database.
            told = {"text": "background_job_waits", "instead": "database_away"}
            wait_for_line(tmp_path / log, process=worker, **told)
        own_postgres.start()
        inbox.wait_for(lambda count: count >= 40)
        for worker in (one, two):
            worker.terminate()
            assert worker.wait(PATIENCE) == 0
    assert set(Counter(inbox.taken).values()) == {1}
    assert len(inbox.taken) == 40
    assert states(tmp_path, settings) == {"sent": 40}
    for log in ("one.log", "two.log"):
        assert "AuditChainBroken" not in (tmp_path / log).read_text()


def test_a_worker_that_is_told_to_stop_writes_its_marks_first(
    settings: dict[str, str], own_postgres: PostgresServer, inbox: CrashingInbox, tmp_path: Path
) -> None:
    """
    OB-3, DU-2: SIGTERM while the database is away; it is back in time, and nothing is sent again.
    """
    with started("worker", folder=tmp_path, **settings) as worker:
        assert inbox.crashed.wait(PATIENCE)
        worker.terminate()
        wait_for_line(tmp_path / "log", "sent_mail_is_not_marked", worker)
        own_postgres.start()
        assert worker.wait(PATIENCE) == 0
    sent = len(inbox.taken)
    counted = states(tmp_path, settings)
    assert counted == {"sent": sent, "waiting": 40 - sent}
