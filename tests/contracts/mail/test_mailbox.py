"""What every mailbox promises."""

from typing import TYPE_CHECKING

import pytest

from application.mail.ports import Mail, Mailbox
from tests.contracts.samples import NOW, SECOND, in_parallel

if TYPE_CHECKING:
    from adapters.sqlalchemy.engine import Engine


@pytest.fixture
def mailbox(engine: "Engine | None") -> Mailbox:
    if engine is None:
        from adapters.memory.mail.mailbox import MemoryMailbox

        return MemoryMailbox()
    from adapters.memory.secret_box import MemorySecretBox
    from adapters.sqlalchemy.mail.mailbox import DevelopmentMailbox

    return DevelopmentMailbox(engine, MemorySecretBox(bytes(32)))


async def test_an_empty_mailbox_shows_nothing(mailbox: Mailbox) -> None:
    assert await mailbox.newest(limit=10) == []


async def test_a_mail_comes_out_as_it_went_in(mailbox: Mailbox) -> None:
    mail = Mail(
        message_id="0192f0c1@doorward.example",
        to="ada+tag@xn--exmple-cua.com",
        subject="Grüße — «привет» 😀",
        text="Hello\r\n\r\n  https://example.com/?a=1&b=2\n",
        html="<p>Hello &amp; <a href='https://example.com'>go</a></p>",
        queued_at=NOW,
        link="https://example.com/reset#token=dwm_x",
        token="dwm_x",
    )
    await mailbox.send(mail)
    assert await mailbox.newest(limit=1) == [mail]


async def test_a_mail_without_link_and_token_comes_out_as_it_went_in(mailbox: Mailbox) -> None:
    await mailbox.send(mail := _mail(1))
    assert await mailbox.newest(limit=1) == [mail]


async def test_the_newest_mail_comes_first_and_no_more_than_asked(mailbox: Mailbox) -> None:
    mails = [_mail(number) for number in range(5)]
    for mail in mails:
        await mailbox.send(mail)
    assert await mailbox.newest(limit=3) == mails[:1:-1]
    assert await mailbox.newest(limit=100) == mails[::-1]


async def test_mails_sent_at_once_all_arrive(mailbox: Mailbox) -> None:
    mails = [_mail(number) for number in range(20)]
    assert await in_parallel(mailbox.send(mail) for mail in mails) == [None] * 20
    arrived = await mailbox.newest(limit=100)
    assert sorted(mail.message_id for mail in arrived) == sorted(m.message_id for m in mails)


def _mail(number: int) -> Mail:
    return Mail(
        message_id=f"message-{number:02}@doorward.example",
        to="ada@example.com",
        subject=f"Subject {number}",
        text="text",
        html="<p>text</p>",
        queued_at=NOW + number * SECOND,
    )
