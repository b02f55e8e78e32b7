"""The text of an API key: a prefix that says whose, 256 random bits, and a checksum.

``dwk_`` (of a person) or ``dws_`` (of a service account), then 43 characters of base 62, then six
that are the CRC-32 of everything before, prefix included, padded with zeros. A scanner finds it by
its form and knows by the checksum that it is one; Doorward knows without a look at the store that
it is none. The checksum proves nothing else: the store is asked for the digest of the whole text.
"""

import hashlib
import re
from dataclasses import dataclass
from enum import StrEnum
from zlib import crc32

from domain.errors import NotAuthenticated
from domain.identifiers import Entropy

_DIGITS = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
_FORM = re.compile(r"dw[ks]_[0-9A-Za-z]{49}")
_SECRET_BYTES = 32
_SECRET_CHARACTERS = 43
_CHECKSUM_CHARACTERS = 6
_HINT_CHARACTERS = 8


class ApiKeyInvalid(NotAuthenticated):
    """Not a key, or one that was revoked, or whose owner is suspended or gone; not told apart."""

    code = "API_KEY_INVALID"
    message = "This API key is not valid."
    meaning = "The API key is none of ours, was revoked, or its owner is suspended."


class KeyKind(StrEnum):
    """Whose it is: the beginning of its text."""

    PERSONAL = "dwk_"
    SERVICE = "dws_"


PREFIXES = tuple(kind.value for kind in KeyKind)


@dataclass(frozen=True, slots=True)
class KeyText:
    """A key as its holder has it: well formed, and with the right checksum."""

    text: str

    @classmethod
    def new(cls, kind: KeyKind, entropy: Entropy) -> "KeyText":
        """Return a fresh one."""
        secret = _base62(int.from_bytes(entropy(_SECRET_BYTES)), _SECRET_CHARACTERS)
        return cls(_checked(kind.value + secret))

    @classmethod
    def parse(cls, text: str) -> "KeyText":
        """Read a key; raise :class:`ApiKeyInvalid` for another form, or another checksum."""
        if not _FORM.fullmatch(text) or _checked(text[:-_CHECKSUM_CHARACTERS]) != text:
            raise ApiKeyInvalid
        return cls(text)

    def __str__(self) -> str:
        return self.text

    def __repr__(self) -> str:
        return f"KeyText({self.hint})"

    @property
    def kind(self) -> KeyKind:
        """Whose it is."""
        return KeyKind(self.text[:4])

    @property
    def hint(self) -> str:
        """Its beginning, by which its owner may know it again."""
        return self.text[:_HINT_CHARACTERS]

    @property
    def digest(self) -> bytes:
        """SHA-256 of the whole text: what the store keeps, and is asked for."""
        return hashlib.sha256(self.text.encode()).digest()


def is_key_like(text: str) -> bool:
    """Tell whether the text begins like a key, so that it is meant to be one."""
    return text.startswith(PREFIXES)


def _checked(body: str) -> str:
    return body + _base62(crc32(body.encode()), _CHECKSUM_CHARACTERS)


def _base62(number: int, width: int) -> str:
    digits = ""
    for _ in range(width):
        number, digit = divmod(number, 62)
        digits = _DIGITS[digit] + digits
    return digits
