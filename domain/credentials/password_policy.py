"""Which passwords are accepted (ASVS 5.0 6.2.x; PW-3, PW-4, PW-5)."""

import re
import unicodedata
from collections.abc import Container, Iterable, Iterator
from dataclasses import dataclass
from itertools import accumulate, pairwise

from domain.credentials.keyboard_walks import is_keyboard_walk
from domain.email_address import EmailAddress
from domain.errors import InvalidInput, Violation
from domain.normal_form import nfc

PRODUCT_WORDS = frozenset({"doorward"})
MIN_CONTEXT_WORD = 4
MIN_REPEATED = 4
LONGEST_EVER = 4096
"""The most code points that a policy can allow, or could in the past."""
MAX_COMMON = 32
"""The longest password, and the longest repeated piece, that the list is asked for."""
MAX_OWN_PADDING = 12
"""How many of the digits and signs beside its letters may be a common password's own."""
DECORATION_OF_A_WORD = 8
DECORATION_OF_DIGITS = 2
"""How many free choices around a known piece are trivial (:class:`_Decoration`)."""
_LEET_SIGNS = "@$!"
_LEET = str.maketrans("013457" + _LEET_SIGNS, "oieastasi")
_LONGEST_FORM = 3
"""How many characters a compatibility form may stand for and be read as them (``ﬃ``)."""
_BETWEEN_LETTERS = 2
_BETWEEN_DIGITS = 1
"""How many kinds of character may separate the others, and be left out."""
_DIGIT_OF_KEY = str.maketrans("!@#$%^&*()", "1234567890")
_SHORTEST_ROW = 3
_AROUND = 5
_YEARS = re.compile(r"(?=(?:19|20)[0-9][0-9])")


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
    return nfc(spaced)


@dataclass(frozen=True, slots=True, kw_only=True)
class PasswordPolicy:
    """Length, and nothing that is easily guessed. No composition rules, no expiry.

    Lengths are counted in code points. ``common`` holds lower-case passwords that are known
    to be in wide use. A verdict takes time in proportion to the password's length.
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
            return [*found, Violation(field, "TOO_LONG", text)]
        if any(unicodedata.category(c) in {"Cc", "Cs"} for c in password):
            found.append(
                Violation(field, "CONTROL_CHARACTER", "Control characters cannot be used.")
            )
        if self._is_common(password):
            found.append(
                Violation(field, "TOO_COMMON", "This password is among the first to be guessed.")
            )
        if any(_contains_any(text, _context_words(email)) for text in _spellings(password)):
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
        """Tell whether the password is well known, or a short one that is, in disguise.

        The disguises: repeated, counted up, look-alike digits for letters, decoration around,
        full-width and other compatibility forms, and separators between the characters. Each is
        taken off before the list is asked; ``docs/decisions/0006-passwords.md`` says what counts
        as one, and what does not.
        """
        spellings = _spellings(password)
        plain = next(reversed(spellings))
        return any(map(self._is_common_text, {**spellings, **_without_separators(plain)}))

    def _is_common_text(self, text: str) -> bool:
        return (
            _is_row(text)
            or self._knows_word(text)
            or self._is_decorated(text)
            or self._is_repeated(text, again=1)
        )

    def _is_decorated(self, text: str) -> bool:
        """Tell whether the text is a run or a common password with trivial decoration around."""
        core = _letters_of(text)
        if not core:
            return self._is_decorated_number(text)
        start = text.index(core)
        end = start + len(core)
        decoration = _Decoration(text)
        if decoration.is_trivial(start, end, at_most=DECORATION_OF_DIGITS) and (
            _is_row(core) or self._is_repeated(core, again=MIN_REPEATED)
        ):
            return True
        if len(core) > MAX_COMMON:
            return False
        # What looks like decoration may be the password's own (bond007, 1qaz2wsx, @dmin).
        return any(
            decoration.is_trivial(left, right, at_most=DECORATION_OF_A_WORD)
            and self._knows_word(text[left:right])
            for left in range(max(start - MAX_OWN_PADDING, 0), start + 1)
            for right in range(end, min(end + MAX_OWN_PADDING, len(text)) + 1)
        )

    def _is_repeated(self, text: str, *, again: int) -> bool:
        """Tell whether the text is a well-known piece, repeated and perhaps cut at its end."""
        return any(self._is_decorated(piece) for piece in _repeated_pieces(text, again=again))

    def _knows_word(self, text: str) -> bool:
        return text in self.common or text.translate(_LEET) in self.common

    def _is_decorated_number(self, text: str) -> bool:
        """Tell whether a text without letters is a run or common digits, and little else.

        Where there are no letters, any part could be the password and the rest its decoration.
        So the rest has to be very little: random digits, in which some common four can always
        be found, are as good as any other password.
        """
        decoration = _Decoration(text)
        if text and decoration.choices <= 1 + DECORATION_OF_DIGITS:
            return True
        return any(
            text[left:right] in self.common
            for left, right in decoration.parts(longest=MAX_COMMON, at_most=DECORATION_OF_DIGITS)
        )


class _Decoration:
    """How many free choices the rest of a text takes, when a part is taken out of it.

    A row (``777``, ``2345``, ``!@#$``, at least three characters) and a year are one choice
    each, any other character is one of its own.
    """

    def __init__(self, text: str) -> None:
        self._text = text
        keys = text.translate(_DIGIT_OF_KEY)
        years = [year.start() for year in _YEARS.finditer(text)]
        self._before = _choices(_rows(keys), {start + 4 for start in years})
        backwards = _choices(_rows(keys[::-1]), {len(text) - start for start in years})
        self._after = backwards[::-1]

    @property
    def choices(self) -> int:
        """How many the whole text takes."""
        return self._before[-1]

    def is_trivial(self, left: int, right: int, *, at_most: int) -> bool:
        """Tell whether what stands around the part takes no more choices than that."""
        if self._before[left] + self._after[right] <= at_most:
            return True
        # One short row around the part is still one: 12 696969 345.
        rest = len(self._text) - (right - left)
        return rest <= _AROUND and _is_run(self._text[:left] + self._text[right:])

    def parts(self, *, longest: int, at_most: int) -> Iterator[tuple[int, int]]:
        """Yield the parts up to that length around which there is trivial decoration alone.

        As many as the text is long, times a constant: where the rest is trivial and the text as
        a whole is not, a part begins near the end of one of the first few rows.
        """
        end = len(self._text)
        for left in range(end):
            if self._before[left] > max(at_most, _AROUND):
                return
            furthest = min(left + longest, end)
            if not self.is_trivial(left, furthest, at_most=at_most):
                continue  # no part that begins here is long enough
            for right in range(furthest, left, -1):
                if self._after[right] > max(at_most, _AROUND):
                    break
                if self.is_trivial(left, right, at_most=at_most):
                    yield left, right


def _spellings(password: str) -> dict[str, None]:
    """Return the password in lower case, as it is and in plain characters, the plain one last.

    Plain is what compatibility forms stand for (NFKC), such as full-width letters. A form that
    stands for many is left as it is, so that the text does not become several times as long.
    """
    text = password.lower()
    if password.isascii():
        return {text: None}
    forms = ((c, unicodedata.normalize("NFKC", c)) for c in password)
    plain = "".join(form if len(form) <= _LONGEST_FORM else c for c, form in forms).lower()
    return dict.fromkeys((text, plain))


def _without_separators(text: str) -> dict[str, None]:
    """Return the text without what separates its letters and digits, if little does.

    That is two kinds of character between letters and one between digits, each as often as it
    likes (``p a s s - w o r d``), and around them too. More of them would be a part of the password
    that is as hard to guess as another. The signs that look like letters are letters in one
    reading, and separators in the other.
    """
    joined: dict[str, None] = {}
    kinds = [unicodedata.category(c)[0] for c in text]
    if "L" not in kinds and "N" not in kinds:
        return joined
    most = _BETWEEN_LETTERS if "L" in kinds else _BETWEEN_DIGITS
    for signs in (_LEET_SIGNS, ""):
        is_kept = [kind in "LN" or c in signs for c, kind in zip(text, kinds, strict=True)]
        start, end = is_kept.index(True), len(text) - is_kept[::-1].index(True)
        middle = zip(text[start:end], is_kept[start:end], strict=True)
        between = {c for c, kept in middle if not kept}
        if 0 < len(between) <= most:
            joined["".join(c for c in text if c not in between)] = None
    return joined


def _letters_of(text: str) -> str:
    """Return the text from its first letter to its last; empty if it has none."""
    places = [place for place, c in enumerate(text) if unicodedata.category(c)[0] in "LM"]
    return text[places[0] : places[-1] + 1] if places else ""


def _repeated_pieces(text: str, *, again: int) -> Iterator[str]:
    """Yield every short piece of which ``again`` characters or more come again until the end."""
    # The borders of the text (Knuth, Morris, Pratt): how long an end equals a beginning.
    borders = [0] * (len(text) + 1)
    length = 0
    for place in range(1, len(text)):
        while length and text[place] != text[length]:
            length = borders[length]
        if text[place] == text[length]:
            length += 1
        borders[place + 1] = length
    length = borders[-1]
    while length >= again and (period := len(text) - length) <= MAX_COMMON:
        yield text[:period]
        length = borders[length]


def _choices(rows: list[int], year_ends: set[int]) -> list[int]:
    """Return for each length how many free choices the beginning of that length takes."""
    choices = [0]
    for end, length in enumerate(rows, start=1):
        fewest = choices[end - 1] + 1
        if length >= _SHORTEST_ROW:
            fewest = min(fewest, choices[end - length] + 1)
        if end in year_ends:
            fewest = min(fewest, choices[end - 4] + 1)
        choices.append(fewest)
    # A beginning takes no more than what is longer: it may end inside of a row.
    return list(accumulate(reversed(choices), min))[::-1]


def _rows(keys: str) -> list[int]:
    """Return for each character how long the row is that ends with it."""
    rows = accumulate(pairwise(keys), _row, initial=(0, 1))
    return [length for _, length in rows] if keys else []


def _row(so_far: tuple[int, int], pair: tuple[str, str]) -> tuple[int, int]:
    """Return step and length of the row that ends with the pair."""
    step = _step(*pair)
    if abs(step) > 1:
        return 0, 1
    return step, (so_far[1] + 1 if so_far[0] == step and so_far[1] > 1 else 2)


def _is_row(text: str) -> bool:
    """Tell whether the text is a run, or a walk over a keyboard, from end to end."""
    return _is_run(text) or is_keyboard_walk(text.translate(_DIGIT_OF_KEY))


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
