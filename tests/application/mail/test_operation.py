"""What an operator sees and does of the outbox (OB-4)."""

import pytest

from application.mail.operation import MessageNotFound
from application.mail.ports import MailRefused
from domain.mail.message import MessageId, MessageStatus
from tests.application.service import DAY, HOUR
from tests.application.stories import ADA, Service


async def a_dead_message(service: Service) -> MessageId:
    """Have one message refused for good."""
    await service.sign_up()
    service.mailbox.fail_next(MailRefused())
    await service.deliver()
    (dead,) = service.queue(MessageStatus.DEAD)
    return dead.message.id


async def test_what_was_given_up_is_seen_and_goes_on_its_way_again() -> None:
    service = Service()
    message_id = await a_dead_message(service)
    [shown] = await service.mail.list_outbox()
    assert (shown.id, shown.to, shown.last_error) == (message_id, ADA, "refused by the server")
    assert await service.mail.redrive_outbox(message_ids=[message_id]) == 1
    token = await service.mailed_token()
    assert (await service.confirm(token)).user.is_verified
    assert await service.mail.list_outbox() == []
    [sent] = await service.mail.list_outbox(statuses=[MessageStatus.SENT])
    assert sent.id == message_id


async def test_all_that_was_given_up_goes_at_once() -> None:
    service = Service()
    await a_dead_message(service)
    assert await service.mail.redrive_outbox(message_ids=None) == 1
    assert await service.mail.redrive_outbox(message_ids=None) == 0


async def test_a_message_whose_secret_has_died_meanwhile_is_not_sent() -> None:
    """OB-2: redriving brings no secret back to life."""
    service = Service()
    message_id = await a_dead_message(service)
    service.clock.advance(DAY + HOUR)
    await service.mail.redrive_outbox(message_ids=[message_id])
    await service.deliver()
    assert service.mailbox.mails == []
    assert [entry.message.id for entry in service.queue(MessageStatus.EXPIRED)] == [message_id]


async def test_one_unknown_name_among_them_changes_nothing() -> None:
    service = Service()
    message_id = await a_dead_message(service)
    unknown = MessageId.new(service.clock.now(), service.ports.randomness.token_bytes)
    async with service.unchanged():
        with pytest.raises(MessageNotFound):
            await service.mail.redrive_outbox(message_ids=[message_id, unknown])
