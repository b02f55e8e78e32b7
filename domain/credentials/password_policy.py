"""Which passwords are accepted (ASVS 5.0 6.2.x; PW-3, PW-4, PW-5)."""

import unicodedata
from collections.abc import Container, Iterable, Iterator
from dataclasses import dataclass
from itertools import pairwise

from domain.email_address import EmailAddress
from domain.errors import InvalidInput, Violation

PRODUCT_WORDS = frozenset({"doorward"})
MIN_CONTEXT_WORD = 4
LONGEST_EVER = 4096
"""The most code points that a policy can allow, or could in the past."""
MAX_OWN_PADDING = 8
_LEET = str.maketrans("013457@$!", "oieastasi")
_PUNCTUATION = "!?.,-_#*$@+= "
_PADDING = "0123456789" + _PUNCTUATION


class PasswordRejected(InvalidInput):
    """The password is against the policy; ``details`` holds every reason at once."""

    code = "PASSWORD_REJECTED"
    message = "This password cannot be used."
    meaning = "The password cannot be used; details say why."


def normalise_password(text: str) -> str:
    """Return the password as it is counted, hashed and compared.

    PRECIS OpaqueString (RFC 8265): Unicode NFC, every kind of space becomes U+0020, nothing
    is trimmed, folded or cut. A deviation from ASVS 6.2.8 ("exactly as received") that lets
    one person type one password on two keyboards; see ``docs/decisions``.
    """
    spaced = "".join(" " if unicodedata.category(c) == "Zs" else c for c in text)
    return unicodedata.normalize("NFC", spaced)


@dataclass(frozen=True, slots=True, kw_only=True)
class PasswordPolicy:
    """Length, and nothing that is easily guessed. No composition rules, no expiry.

    Lengths are counted in code points. ``common`` holds lower-case passwords that are known
    to be in wide use.
    """

    min_length: int
    max_length: int
    common: Container[str]

    def violations(
        self, password: str, *, email: EmailAddress | None = None, field: str = "password"
    ) -> list[Violation]:
        """Return every reason why the (normalised) password is refused, in a stable order."""
        found: list[Violation] = []
        if len(password) < self.min_length:
            text = f"Use at least {self.min_length} characters."
            found.append(Violation(field, "TOO_SHORT", text))
        if len(password) > self.max_length:
            text = f"Use at most {self.max_length} characters."
            # Over-long input is looked at no further: the checks below cost more with length.
            return [*found, Violation(field, "TOO_LONG", text)]
        if any(unicodedata.category(c) in {"Cc", "Cs"} for c in password):
            found.append(
                Violation(field, "CONTROL_CHARACTER", "Control characters cannot be used.")
            )
        if self._is_common(password):
            found.append(
                Violation(field, "TOO_COMMON", "This password is among the first to be guessed.")
            )
        if _contains_any(password.lower(), _context_words(email)):
            text = "Leave out your address and this product's name."
            found.append(Violation(field, "CONTAINS_CONTEXT", text))
        return found

    def check(
        self, password: str, *, email: EmailAddress | None = None, field: str = "password"
    ) -> None:
        """Raise :class:`PasswordRejected` with all violations, if there is any."""
        if found := self.violations(password, email=email, field=field):
            raise PasswordRejected(details=found)

    def _is_common(self, password: str) -> bool:
        """Tell whether the password, or what is left of it without padding, is well known.

        A long password may be a short one in disguise: repeated, counted up, or with digits
        around it. Each disguise is taken off before the list is asked.
        """
        return any(form in self.common or _is_run(form) for form in _undisguised(password.lower()))


def _undisguised(text: str) -> Iterator[str]:
    """Yield what the text may be made of, each as it stands and with letters in place of leet."""
    for form in _stripped(text):
        yield form
        yield form.translate(_LEET)


def _stripped(text: str) -> Iterator[str]:
    core = text.strip(_PADDING)
    # A password that is nothing but padding has no core left.
    for whole in (text, core or text[:1]):
        for piece in _repeated_pieces(whole):
            yield from (piece, piece.strip(_PUNCTUATION), piece.strip(_PADDING))
    # What looks like padding may be the short password's own (bond007, 1qaz2wsx, @dmin).
    start = text.find(core)
    end = start + len(core)
    for left in range(max(start - MAX_OWN_PADDING, 0), start + 1):
        for right in range(end, min(end + MAX_OWN_PADDING, len(text)) + 1):
            yield text[left:right]


def _repeated_pieces(text: str) -> Iterator[str]:
    """Yield every piece that, repeated and perhaps cut, makes up the text; last the text itself."""
    for length in range(1, len(text) + 1):
        if text.startswith(text[length:]):
            yield text[:length]


def _is_run(text: str) -> bool:
    """Tell whether the text is one character, or counts up or down the code points."""
    if len(text) < 2:
        return len(text) == 1
    first = _step(text[0], text[1])
    return abs(first) <= 1 and all(_step(a, b) == first for a, b in pairwise(text))


def _step(a: str, b: str) -> int:
    """Return the distance from one character to the next; after 9 comes 0, before 0 comes 9."""
    step = ord(b) - ord(a)
    return {-9: 1, 9: -1}.get(step, step) if a.isdecimal() and b.isdecimal() else step


def _context_words(email: EmailAddress | None) -> Iterable[str]:
    yield from PRODUCT_WORDS
    if email is not None:
        local_part = email.local_part.partition("+")[0]
        if len(local_part) >= MIN_CONTEXT_WORD:
            yield local_part


def _contains_any(text: str, words: Iterable[str]) -> bool:
    return any(word in text for word in words)
