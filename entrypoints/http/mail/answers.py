"""The development mailbox, as OpenAPI tells it."""

from entrypoints.http.edge.answers import AnswerModel
from entrypoints.http.edge.parameters import Instant, Mailbox


class MailOut(AnswerModel):
    """A mail of the development mailbox."""

    to: Mailbox
    subject: str
    text: str
    html: str
    link: str | None
    token: str | None
    queued_at: Instant


class MailboxOut(AnswerModel):
    """The development mailbox, the newest mail first."""

    data: list[MailOut]
