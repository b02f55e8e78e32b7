"""What the development mailbox keeps, and what a copy of the database does not show."""

from dataclasses import replace

import pytest
from sqlalchemy import text

from adapters.memory.secret_box import MemorySecretBox
from adapters.sqlalchemy.engine import Engine
from adapters.sqlalchemy.mail import mailbox as mailbox_module
from adapters.sqlalchemy.mail.mailbox import DevelopmentMailbox
from application.mail.ports import Mail
from tests.contracts.samples import NOW
from tests.support.databases import through_sqlalchemy

MAIL = Mail(
    message_id="1@example.com",
    to="ada@example.com",
    subject="Verify",
    text="token dwm_secret",
    html="<p>dwm_secret</p>",
    queued_at=NOW,
    token="dwm_secret",
)


async def test_a_copy_of_the_database_shows_no_mail(engine: Engine) -> None:
    """RF-5."""
    await DevelopmentMailbox(engine, MemorySecretBox(bytes(32))).send(MAIL)
    async with through_sqlalchemy(engine).connect() as connection:
        (sealed,) = (await connection.execute(text("SELECT sealed FROM development_mails"))).one()
    assert b"dwm_secret" not in sealed


async def test_mails_sealed_under_another_key_are_passed_over(engine: Engine) -> None:
    await DevelopmentMailbox(engine, MemorySecretBox(b"a" * 32)).send(MAIL)
    box = DevelopmentMailbox(engine, MemorySecretBox(b"b" * 32))
    assert await box.newest(limit=10) == []
    await box.send(MAIL)
    assert await box.newest(limit=10) == [MAIL]


async def test_no_more_than_the_newest_are_kept(
    engine: Engine, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert mailbox_module.KEPT == 500
    box = DevelopmentMailbox(engine, MemorySecretBox(bytes(32)))
    for number in range(503):
        await box.send(replace(MAIL, message_id=str(number)))
    kept = await box.newest(limit=1000)
    assert [mail.message_id for mail in kept] == [str(n) for n in range(502, 2, -1)]
