"""A mail as a MIME message (RFC 5322, RFC 2045): AT-3, OB-3, OP-2."""

import re
from email.errors import MessageError
from email.header import Header
from email.message import EmailMessage
from email.policy import SMTP as SMTP_POLICY
from email.utils import format_datetime

from application.mail.ports import Mail, MailRefused
from domain.mail.sender import Sender

_POLICY = SMTP_POLICY.clone(cte_type="7bit")  # no server has to know more than RFC 5321 asks
_ONE_ADDRESS = re.compile(r"[!#-'*+./0-9=?A-Z^-~-]+@[a-zA-Z0-9.-]+")
_ONE_WORD = re.compile(r"[!-;=?-~]+")
_ATOMS = re.compile(r"[\w!#$%&'*+/=?^`{|}~-]+( [\w!#$%&'*+/=?^`{|}~-]+)*", re.ASCII)
_CONTROL = re.compile(r"[\x00-\x1f\x7f-\x9f\u2028\u2029]")
_MAX_LINE = 998  # RFC 5321, 4.5.3.1.6
_LINE = 78  # RFC 5322, 2.1.1


class MimeComposer:
    """Writes mails from one sender. ``sender`` is its bare address, ``domain`` what follows the @.

    Both are ASCII, also where the operator wrote an international domain.

    What it returns can go over any transport that takes a whole message.
    """

    def __init__(self, *, sender: str) -> None:
        """Read the sender, ``Name <local@domain>`` or bare; raise ``ValueError`` if it is none."""
        parsed = Sender.parse(sender)
        self._from = _from_header(parsed)
        self.sender, self.domain = parsed.address, parsed.domain

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
            message["To"] = mail.to
            message["Subject"] = mail.subject
            message["Date"] = format_datetime(mail.queued_at)
            message["Message-ID"] = f"<{identity}>"
            message["Auto-Submitted"] = "auto-generated"  # RFC 3834: no vacation notes, please
            message.set_content(mail.text, cte=_encoding_of(mail.text))
            message.add_alternative(mail.html, subtype="html", cte=_encoding_of(mail.html))
            return self._from + message.as_bytes()
        except (MessageError, ValueError):
            raise MailRefused("not a message") from None


def _from_header(sender: Sender) -> bytes:
    """Return the whole header, its line end included.

    Written here because the standard library drops the quotes of a name that it has to fold, and
    a colon or a comma then makes other mailboxes out of it (RFC 5322, sections 3.2.4 and 3.4).
    """
    if sender.name is None:
        return f"From: {sender.address}\r\n".encode("ascii")
    name = sender.name
    if not name.isascii() or "=?" in name:
        # RFC 2047, section 5 (3): words of a phrase. What looks encoded is encoded once more.
        written = Header(name, "utf-8", header_name="From").encode(linesep="\r\n")
    elif _ATOMS.fullmatch(name):
        written = name
    else:
        escaped = re.sub(r'(["\\])', r"\\\1", name)
        written = f'"{escaped}"'
    last_line = written.rpartition("\n")[2]
    fits = len("From: ") + len(last_line) + len(sender.address) + 3 <= _LINE
    return f"From: {written}{' ' if fits else '\r\n '}<{sender.address}>\r\n".encode("ascii")


def _encoding_of(text: str) -> str | None:
    """Return ``7bit`` where nothing has to be encoded, so that a link stays one word."""
    plain = text.isascii() and all(len(line) <= _MAX_LINE for line in text.splitlines())
    return "7bit" if plain else None
