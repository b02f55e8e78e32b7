"""Which passwords are accepted (ASVS 5.0 6.2.x; PW-3, PW-4, PW-5)."""

import unicodedata
from collections.abc import Container, Iterable
from dataclasses import dataclass
from itertools import pairwise
from typing import ClassVar

from domain.email_address import EmailAddress
from domain.errors import InvalidInput, Violation

PRODUCT_WORDS = frozenset({"doorward"})
MIN_CONTEXT_WORD = 4
_LEET = str.maketrans("013457@$!", "oieastasi")


class PasswordRejected(InvalidInput):
    """The password is against the policy; ``details`` holds every reason at once."""

    code = "PASSWORD_REJECTED"
    message = "This password cannot be used."


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

    ABSOLUTE_MINIMUM: ClassVar[int] = 8

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
        folded = password.lower()
        forms = {folded, folded.translate(_LEET)}
        for form in tuple(forms):
            forms.add(_smallest_period(form))
            core = form.strip("0123456789!?.,-_#*$@+= ")
            # A password that is nothing but padding has no core left.
            forms.update({core, _smallest_period(core)} if core else {form[:1]})
        return any(form in self.common or _is_run(form) for form in forms if form)


def _smallest_period(text: str) -> str:
    """Return the shortest piece that, repeated (and cut), makes up the text."""
    at = (text + text).find(text, 1)
    if 0 < at < len(text):
        return text[:at]
    for period in range(1, len(text) // 2 + 1):
        if all(text[i] == text[i - period] for i in range(period, len(text))):
            return text[:period]
    return text


def _is_run(text: str) -> bool:
    """Tell whether the text is one character, or counts up or down the code points."""
    if len(text) == 1:
        return True
    steps = {_step(a, b) for a, b in pairwise(text)}
    return len(steps) == 1 and steps <= {0, 1, -1}


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
