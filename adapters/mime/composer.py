"""A mail as a MIME message (RFC 5322, RFC 2045): AT-3, OB-3, OP-2."""

import re
from email.errors import MessageError
from email.message import EmailMessage
from email.policy import SMTP as SMTP_POLICY
from email.utils import format_datetime

from application.mail.ports import Mail, MailRefused

_POLICY = SMTP_POLICY.clone(cte_type="7bit")  # no server has to know more than RFC 5321 asks
_ONE_ADDRESS = re.compile(r"[!#-'*+./0-9=?A-Z^-~-]+@[a-zA-Z0-9.-]+")
_ONE_WORD = re.compile(r"[!-;=?-~]+")
_CONTROL = re.compile(r"[\x00-\x1f\x7f-\x9f\u2028\u2029]")
_MAX_LINE = 998  # RFC 5321, 4.5.3.1.6


class MimeComposer:
    """Writes mails from one sender. ``sender`` is its bare address, ``domain`` what follows the @.

    What it returns can go over any transport that takes a whole message.
    """

    def __init__(self, *, sender: str) -> None:
        """Read the sender, ``Name <local@domain>`` or bare; raise ``ValueError`` if it is none."""
        self._from = sender
        self.sender = _bare_address(sender)
        self.domain = self.sender.rpartition("@")[2]

    def compose(self, mail: Mail) -> bytes:
        """Return the message as it travels, with the same Message-ID and Date every time (OB-3).

        Raises :class:`MailRefused` for a value that would start a header of its own or name
        a second recipient (AT-3, OP-2; CWE-93). The error repeats nothing of the mail.
        """
        if not _ONE_ADDRESS.fullmatch(mail.to):
            raise MailRefused("not one plain address")
        if _CONTROL.search(mail.subject) or not _ONE_WORD.fullmatch(mail.message_id):
            raise MailRefused("not a header")
        identity = mail.message_id
        if "@" not in identity:
            identity = f"{identity}@{self.domain}"
        message = EmailMessage(policy=_POLICY)
        try:
            message["From"] = self._from
            message["To"] = mail.to
            message["Subject"] = mail.subject
            message["Date"] = format_datetime(mail.queued_at)
            message["Message-ID"] = f"<{identity}>"
            message["Auto-Submitted"] = "auto-generated"  # RFC 3834: no vacation notes, please
            message.set_content(mail.text, cte=_encoding_of(mail.text))
            message.add_alternative(mail.html, subtype="html", cte=_encoding_of(mail.html))
            return message.as_bytes()
        except (MessageError, ValueError):
            raise MailRefused("not a message") from None


def _bare_address(sender: str) -> str:
    if _CONTROL.search(sender):
        raise ValueError("the sender has a control character in it")
    probe = EmailMessage(policy=_POLICY)
    probe["From"] = sender
    addresses = probe["From"].addresses
    if len(addresses) != 1 or not _ONE_ADDRESS.fullmatch(addresses[0].addr_spec):
        raise ValueError("the sender is not one plain address")
    return str(addresses[0].addr_spec)


def _encoding_of(text: str) -> str | None:
    """Return ``7bit`` where nothing has to be encoded, so that a link stays one word."""
    plain = text.isascii() and all(len(line) <= _MAX_LINE for line in text.splitlines())
    return "7bit" if plain else None
