"""What users have written, as it may stand in a mail from us.

A mail is taken for our word. So a name in it becomes no link, no address to write to and no
sentence of its own: it is short, in quotes, and of letters, digits and little else.
"""

import unicodedata
from typing import Final

LONGEST: Final = 40
"""Characters of a user's own words at most."""

_KEPT: Final = "LMN"
"""Letters, marks and numbers; these are the first letters of their categories (UAX #44)."""
_ALSO: Final = frozenset(" -_'\u2019()+#&,\u200c\u200d")
"""What may stand between them; neither dots nor colons, slashes or an @, which make links."""


def quoted(text: str) -> str | None:
    """Return the words in quotes, on one line; None where nothing is left to show."""
    kept = "".join(character if _is_kept(character) else " " for character in text)
    words = " ".join(kept.split())
    if not any(character.isalnum() or _is_picture(character) for character in words):
        return None
    short = words if len(words) <= LONGEST else words[: LONGEST - 1].rstrip() + "\u2026"
    return f"\u201c{short}\u201d"


def _is_kept(character: str) -> bool:
    is_word = unicodedata.category(character)[0] in _KEPT
    return is_word or character in _ALSO or _is_picture(character)


def _is_picture(character: str) -> bool:
    return unicodedata.category(character) == "So"
