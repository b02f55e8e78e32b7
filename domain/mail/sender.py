"""The mailbox that mail comes from, as an operator writes it (RFC 5322, section 3.4)."""

import re
import unicodedata
from dataclasses import dataclass
from email.errors import HeaderParseError
from email.header import decode_header, make_header

from domain.email_address import ascii_mailbox
from domain.errors import ValidationFailed

MAX_NAME = 200
_FORM = "write Name <local@domain>"
_QUOTED = re.compile(r'"((?:[^"\\]|\\.)*)"')
_ESCAPED = re.compile(r"\\(.)")
_ENCODED_WORDS = re.compile(r"=\?[^?\s]+\?[bBqQ]\?[^?\s]*\?=(\s+=\?[^?\s]+\?[bBqQ]\?[^?\s]*\?=)*")
_ANOTHER_MAILBOX = re.compile(r"[<>]|@\S+\s*[,;]")
_NOT_IN_A_LINE = {"Cc", "Cf", "Cs", "Zl", "Zp"}
_JOINERS = "\u200c\u200d"  # they shape letters and emoji


@dataclass(frozen=True, slots=True, kw_only=True)
class Sender:
    """One mailbox and the name that is shown beside it.

    ``address`` is ASCII: an international domain stands in it as A-labels (RFC 5891), so that
    every mail server takes it. ``name`` is plain text, without the quotes and escapes of a header.
    """

    name: str | None
    address: str

    @classmethod
    def parse(cls, text: str) -> "Sender":
        """Read ``local@domain`` or ``Name <local@domain>``; the name may stand in quotes.

        Raises ``ValueError``, whose text says what to write instead and repeats nothing of it.
        """
        text = text.strip()
        if any(unicodedata.category(c) in _NOT_IN_A_LINE and c not in _JOINERS for c in text):
            raise ValueError("has a control character in it")
        name, address = "", text
        if text.endswith(">"):
            name, _, address = text[:-1].rpartition("<")
        return cls(name=_plain(name.strip()) or None, address=_ascii(address))

    @property
    def domain(self) -> str:
        """What follows the ``@``, in lower case and in ASCII."""
        return self.address.rpartition("@")[2]


def _ascii(address: str) -> str:
    local_part, _, domain = address.rpartition("@")
    if domain and not local_part.isascii():
        # SMTPUTF8 (RFC 6531) would carry it where every server on the way has it; many have not.
        raise ValueError(f"has a local part that is not ASCII; {_FORM} with letters a to z")
    try:
        local_part, domain = ascii_mailbox(address)
    except ValidationFailed:
        raise ValueError(f"is no mailbox; {_FORM}") from None
    return f"{local_part}@{domain}"


def _plain(name: str) -> str:
    """Return the name as people read it."""
    if (quoted := _QUOTED.fullmatch(name)) is not None:
        name = _ESCAPED.sub(r"\1", quoted[1])
    elif _ENCODED_WORDS.fullmatch(name):
        try:
            name = str(make_header(decode_header(name)))
        except (HeaderParseError, UnicodeError, LookupError, ValueError):
            raise ValueError(f"has a name that cannot be decoded; {_FORM}") from None
        if any(unicodedata.category(c) in _NOT_IN_A_LINE for c in name):
            raise ValueError("has a control character in it")
    elif _ANOTHER_MAILBOX.search(name):
        raise ValueError(f"has more than one mailbox in it; {_FORM}, a special name in quotes")
    name = unicodedata.normalize("NFC", name).strip()
    if len(name) > MAX_NAME:
        raise ValueError(f"has a name of more than {MAX_NAME} characters")
    return name
