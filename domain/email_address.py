"""E-mail addresses: normalised once, with one canonical key per mailbox (AT-10)."""

import re
import unicodedata
from dataclasses import dataclass

from domain.errors import ValidationFailed

_LOCAL_PART = re.compile(r"[A-Za-z0-9!#$%&'*+/=?^_`{|}~-]+(\.[A-Za-z0-9!#$%&'*+/=?^_`{|}~-]+)*")
_LABEL = re.compile(r"[a-z0-9]([a-z0-9-]*[a-z0-9])?")
_LETTERS_MARKS_DIGITS = {"Ll", "Lo", "Lm", "Mn", "Mc", "Nd"}

MAX_LOCAL_PART = 64
MAX_LABEL = 63
MAX_ADDRESS = 254


@dataclass(frozen=True, slots=True)
class EmailAddress:
    """An address that mail can be sent to.

    ``value`` keeps the local part as its owner writes it. ``key`` is the mailbox's canonical
    name: the same with the local part in lower case. Two addresses with one key are one
    mailbox, and one mailbox has one account.
    """

    value: str
    key: str

    @classmethod
    def parse(cls, text: str, *, field: str = "email") -> "EmailAddress":
        """Return the address, or raise :class:`ValidationFailed` naming ``field``.

        The local part is ASCII and a dot-atom (RFC 5322, no quotes, no comments); its case
        is folded in the key, since no provider in use tells two mailboxes apart by case.
        The domain becomes lower-case IDNA A-labels and has two labels or more. Nothing is
        trimmed and no tag (``+…``) is dropped: what differs stays different.
        """
        local_part, domain = ascii_mailbox(text, field=field)
        if "." not in domain:
            raise _invalid(field)
        value = f"{local_part}@{domain}"
        return cls(value=value, key=value.lower())

    @property
    def local_part(self) -> str:
        """The part before the ``@``, in lower case."""
        return self.key.rpartition("@")[0]

    def __str__(self) -> str:
        return self.value


def ascii_mailbox(text: str, *, field: str = "email") -> tuple[str, str]:
    """Return the local part and the domain, as :meth:`EmailAddress.parse` does.

    One label is enough here: a mailbox on this machine is a mailbox. Raises
    :class:`ValidationFailed` naming ``field``.
    """
    local_part, at, domain = text.rpartition("@")
    if not at or len(local_part) > MAX_LOCAL_PART or not _LOCAL_PART.fullmatch(local_part):
        raise _invalid(field)
    labels = [_ascii_label(label, field) for label in domain.split(".")]
    domain = ".".join(labels)
    if labels[-1].isdigit() or len(local_part) + 1 + len(domain) > MAX_ADDRESS:
        raise _invalid(field)
    return local_part, domain


def _ascii_label(label: str, field: str) -> str:
    """Return one label as its A-label (IDNA 2008, RFC 5891).

    The standard library's own codec is IDNA 2003, which maps ``ß`` to ``ss``: it would make
    one mailbox out of two domains. So only labels that are already in the form that
    IDNA 2008 registers are taken, and they are encoded as they stand.
    """
    lowered = unicodedata.normalize("NFC", label.lower())
    if len(lowered) > MAX_LABEL:
        # An A-label is never the shorter form, and Punycode takes quadratic time.
        raise _invalid(field)
    if lowered.isascii():
        if not _LABEL.fullmatch(lowered):
            raise _invalid(field)
        if lowered[2:4] == "--" and _ascii_label(_unicode_label(lowered, field), field) != lowered:
            raise _invalid(field)
        return lowered
    stable = unicodedata.normalize("NFKC", lowered).lower() == lowered
    written = all(c == "-" or unicodedata.category(c) in _LETTERS_MARKS_DIGITS for c in lowered)
    if not stable or not written or lowered[0] == "-" or lowered[-1] == "-":
        raise _invalid(field)
    encoded = "xn--" + lowered.encode("punycode").decode("ascii")
    if len(encoded) > MAX_LABEL:
        raise _invalid(field)
    return encoded


def _unicode_label(a_label: str, field: str) -> str:
    if not a_label.startswith("xn--"):
        raise _invalid(field)
    try:
        decoded = a_label[4:].encode("ascii").decode("punycode")
    except UnicodeError:
        raise _invalid(field) from None
    if decoded.isascii():
        raise _invalid(field)
    return decoded


def _invalid(field: str) -> ValidationFailed:
    return ValidationFailed.of(field, "INVALID_EMAIL", "This is not an e-mail address we can use.")
