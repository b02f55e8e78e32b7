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
# without dots, a place for an object, blank hieroglyphs, and a musical note without a head.
_BLANK = frozenset("\u115f\u1160\u3164\uffa0\u2800\ufffc\U00013441\U00013442\U0001d159")
# To be ignored when they are shown, also those that no character was given to yet (UAX #44,
# Default_Ignorable_Code_Point).
_IGNORED_WHEN_UNASSIGNED = ((0x2065, 0x2065), (0xFFF0, 0xFFF8), (0xE0000, 0xE0FFF))
_SHOWS_NOTHING = frozenset({"Cf", "Co"})


def normalise_display_name(text: str | None, *, field: str = "display_name") -> str | None:
    """Return the name in NFC without outer spaces, or None for one that shows nothing.

    Nothing is shown by spaces, by format characters, by Hangul fillers and the like, by combining
    marks and variation selectors that have no letter to stand on, by private characters, which
    mean something in one font alone, and by code points that are no characters. Raises
    :class:`ValidationFailed`, about ``field``, above 100 code points, and for characters that could
    start a new line, turn the direction of text in another user's list or hide a text in it, and
    for code points that never are characters (LG-2, OP-2). The flags of regions, such as England's,
    are made of such characters and are taken. So are unassigned code points: to a newer Unicode
    than this Python's they are letters and emoji.
    """
    if text is None:
        return None
    name = nfc(text).strip()
    if len(name) > MAX_DISPLAY_NAME:
        message = f"Use at most {MAX_DISPLAY_NAME} characters."
        raise ValidationFailed.of(field, "TOO_LONG", message)
    if all(_shows_nothing(character) for character in name):
        return None
    rest = FLAG_OF_A_REGION.sub("", name)
    if any(_is_unsafe(character) for character in rest):
        message = "Control and direction characters cannot be used."
        raise ValidationFailed.of(field, "CONTROL_CHARACTER", message)
    return name


def required_name(text: str, *, field: str = "name") -> str:
    """Return the name of a thing, by the same rules; :class:`ValidationFailed` for none at all."""
    name = normalise_display_name(text, field=field)
    if name is None:
        raise ValidationFailed.of(field, "TOO_SHORT", "Give a name that can be seen.")
    return name


def _is_unsafe(character: str) -> bool:
    if unicodedata.category(character) in _UNSAFE:
        return character not in JOINERS
    return _is_no_character(character)


def _shows_nothing(character: str) -> bool:
    category = unicodedata.category(character)
    return (
        character in _BLANK
        or category in _SHOWS_NOTHING
        or category[0] in "MZ"
        or _is_no_character(character)
    )


def _is_no_character(character: str) -> bool:
    """Tell whether no character is here for ever (Unicode, 23.7), or only one that is ignored."""
    if unicodedata.category(character) != "Cn":
        return False
    code = ord(character)
    return (
        0xFDD0 <= code <= 0xFDEF
        or code & 0xFFFE == 0xFFFE
        or any(first <= code <= last for first, last in _IGNORED_WHEN_UNASSIGNED)
    )
