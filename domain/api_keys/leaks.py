"""Where a key was found, as its reporter says: a stranger's words, made fit to be kept."""

import re

from domain.api_keys.key_text import KeyText

LONGEST_PLACE = 200
_MOST_READ = 2_000
_BLOT = "[key]"
# Whatever has a prefix of ours, and whatever is as long as the random part of a key.
_KEY_LIKE = re.compile(r"dw[a-z]_[\w-]+|[0-9A-Za-z]{43,}", re.IGNORECASE | re.ASCII)
_NOT_OF_KEYS = re.compile(r"[^0-9A-Za-z]+")
_TELLING = 12


def place_of(text: str, key: KeyText) -> str | None:
    """Return the words, printable and at most 200 characters; None if nothing is left of them.

    What may be a key is blotted out, and words that hold a part of this one are not kept at all,
    however they are spread.
    """
    printable = "".join(each for each in text[:_MOST_READ] if each.isprintable())
    place = _KEY_LIKE.sub(_BLOT, printable)[:LONGEST_PLACE].strip()
    bare, secret = _NOT_OF_KEYS.sub("", place), key.text[4:]
    parts = (secret[at : at + _TELLING] for at in range(len(secret) - _TELLING + 1))
    return None if any(part in bare for part in parts) else place or None
