"""What a user is called: shown to others, and only shown."""

import re
import unicodedata

from domain.errors import ValidationFailed
from domain.normal_form import nfc

MAX_DISPLAY_NAME = 100

FLAG_OF_A_REGION = re.compile(
    "\U0001f3f4[\U000e0030-\U000e0039\U000e0061-\U000e007a]{3,6}\U000e007f"
)
"""England's flag and its like: a black flag, and in tag characters the region (UTS #51, ED-14a)."""

JOINERS = "\u200c\u200d"
"""Format characters that shape letters and emoji, and are seen by what they do."""

_UNSAFE = frozenset({"Cc", "Cf", "Cs", "Zl", "Zp"})
# Neither mark nor space by their category, and blank all the same: the fillers of Hangul, Braille
# without dots, and a musical note without a head.
_BLANK = frozenset("\u115f\u1160\u3164\uffa0\u2800\U0001d159")


def normalise_display_name(text: str | None) -> str | None:
    """Return the name in NFC without outer spaces, or None for one that shows nothing.

    Nothing is shown by spaces, by format characters, by Hangul fillers and the like, and by
    combining marks and variation selectors that have no letter to stand on. Raises
    :class:`ValidationFailed` above 100 code points, and for characters that could start a new
    line, turn the direction of text in another user's list or hide a text in it (LG-2, OP-2). The
    flags of regions, such as England's, are made of such characters and are taken.
    """
    if text is None:
        return None
    name = nfc(text).strip()
    if len(name) > MAX_DISPLAY_NAME:
        message = f"Use at most {MAX_DISPLAY_NAME} characters."
        raise ValidationFailed.of("display_name", "TOO_LONG", message)
    if all(_shows_nothing(character) for character in name):
        return None
    rest = FLAG_OF_A_REGION.sub("", name)
    if any(unicodedata.category(c) in _UNSAFE and c not in JOINERS for c in rest):
        message = "Control and direction characters cannot be used."
        raise ValidationFailed.of("display_name", "CONTROL_CHARACTER", message)
    return name


def _shows_nothing(character: str) -> bool:
    category = unicodedata.category(character)
    return character in _BLANK or category == "Cf" or category[0] in "MZ"
