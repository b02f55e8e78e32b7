"""E-mail addresses: normalised once, with one canonical key per mailbox (AT-10)."""

import re
from dataclasses import dataclass

from domain.errors import ValidationFailed
from domain.idna import a_label

_LOCAL_PART = re.compile(r"[A-Za-z0-9!#$%&'*+/=?^_`{|}~-]+(\.[A-Za-z0-9!#$%&'*+/=?^_`{|}~-]+)*")

MAX_LOCAL_PART = 64
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
    try:
        labels = [a_label(label) for label in domain.split(".")]
    except ValueError:
        raise _invalid(field) from None
    domain = ".".join(labels)
    if labels[-1].isdigit() or len(local_part) + 1 + len(domain) > MAX_ADDRESS:
        raise _invalid(field)
    return local_part, domain


def _invalid(field: str) -> ValidationFailed:
    return ValidationFailed.of(field, "INVALID_EMAIL", "This is not an e-mail address we can use.")
