"""Domain labels in any script, by IDNA 2008 (RFC 5890 to 5893).

Nearly every rule follows from what the standard library knows of Unicode, as RFC 5892 derives it.
Only how Arabic, Syriac and a few other scripts join has to be written down here. A code point that
this Python does not know yet is refused.
"""

import unicodedata
from collections.abc import Callable, Iterable
from functools import cache
from typing import Final

from domain.normal_form import nfc

MAX_LABEL: Final = 63

_LETTERS_MARKS_DIGITS: Final = {"Ll", "Lo", "Lm", "Mn", "Mc", "Nd"}


def a_label(text: str) -> str:
    """Return the label as its A-label (RFC 5891), or as it is in lower case if it is all ASCII.

    Capital letters are taken as small ones, and composed and decomposed letters as one. Nothing
    else is mapped: what IDNA 2003 made of ``ß``, of a final sigma and of full-width letters were
    other domains. Each capital is mapped by itself, as browsers and mail programs do (UTS #46): so
    a capital sigma is ``σ`` at the end of a word too. Raises ``ValueError`` for what is no label,
    and names no part of it.
    """
    label = nfc("".join(map(str.lower, text)).translate(_cherokee()))
    if not label or len(label) > MAX_LABEL or label[0] == "-" or label[-1] == "-":
        # An A-label is never the shorter form, and Punycode takes quadratic time.
        raise ValueError("not a label")
    if label.isascii() and not label.startswith("xn--"):
        if label[2:4] == "--" or not all(c.isalnum() or c == "-" for c in label):
            raise ValueError("not a label")
        return label
    if label.isascii():
        if _encoded(_decoded(label)) != label:
            raise ValueError("not an A-label")
        return label
    return _encoded(label)


def _encoded(label: str) -> str:
    """Return the A-label of a U-label; raise ``ValueError`` if it is none."""
    if (
        label[2:4] == "--"
        or nfc(label) != label
        or unicodedata.category(label[0]).startswith("M")
        or not all(_is_allowed(label, place) for place in range(len(label)))
        or not _keeps_its_direction(label)
    ):
        raise ValueError("not a U-label")
    encoded = "xn--" + label.encode("punycode").decode("ascii")
    if len(encoded) > MAX_LABEL:
        raise ValueError("too long")
    return encoded


def _decoded(label: str) -> str:
    decoded = label.removeprefix("xn--").encode("ascii").decode("punycode")
    if decoded.isascii() or decoded[0] == "-" or decoded[-1] == "-":
        raise ValueError("not an A-label")
    return decoded


# --- code points (RFC 5892, sections 2 and 3) ----------------------------------------------------

_EXCEPTIONS_VALID: Final = frozenset("-ßς\u06fd\u06fe\u0f0b\u3007")
_EXCEPTIONS_DISALLOWED: Final = frozenset(
    "\u0640\u07fa\u302e\u302f\u3031\u3032\u3033\u3034\u3035\u303b"
)
_IGNORED: Final = (
    # Default_Ignorable_Code_Point, as far as it is letters or marks, and the ignorable blocks.
    (0x034F, 0x034F),
    (0x17B4, 0x17B5),
    (0x180B, 0x180F),
    (0x20D0, 0x20FF),
    (0x3164, 0x3164),
    (0xFE00, 0xFE0F),
    (0xFFA0, 0xFFA0),
    (0x1D100, 0x1D24F),
    (0xE0100, 0xE01EF),
    # Old Hangul Jamo.
    (0x1100, 0x11FF),
    (0xA960, 0xA97F),
    (0xD7B0, 0xD7FF),
)


def _is_allowed(label: str, place: int) -> bool:
    """Tell whether the code point may stand here: by itself, or by the rule of its context."""
    character = label[place]
    if (rule := _CONTEXT.get(character)) is not None:
        return rule(label, place)
    return _is_valid(character)


def _is_valid(character: str) -> bool:
    """Tell whether the code point is PVALID."""
    if character in _EXCEPTIONS_VALID:
        return True
    if character in _EXCEPTIONS_DISALLOWED or _in(ord(character), _IGNORED):
        return False
    folded = unicodedata.normalize("NFKC", character).casefold()
    stable = unicodedata.normalize("NFKC", folded) == character
    letter = unicodedata.category(character) in _LETTERS_MARKS_DIGITS
    return stable and (letter or "\u13a0" <= character <= "\u13f5")  # Cherokee folds upwards


@cache
def _cherokee() -> dict[int, int]:
    """Return how Cherokee is mapped: its small letters came late, and its capitals are valid."""
    small = [*range(0xAB70, 0xABC0), *range(0x13F8, 0x13FE)]
    return {code: ord(chr(code).upper()) for code in small}


def _in(code: int, ranges: Iterable[tuple[int, int]]) -> bool:
    return any(first <= code <= last for first, last in ranges)


# --- contexts (RFC 5892, appendix A) -------------------------------------------------------------

_VIRAMA: Final = 9
_HAN: Final = "\u3005\u3007"


def _follows_virama(label: str, place: int) -> bool:
    return place > 0 and unicodedata.combining(label[place - 1]) == _VIRAMA


def _breaks_a_join(label: str, place: int) -> bool:
    """ZERO WIDTH NON-JOINER: behind a virama, or between two letters that would join."""
    if _follows_virama(label, place):
        return True
    before = next((c for c in reversed(label[:place]) if not _is_transparent(c)), "-")
    after = next((c for c in label[place + 1 :] if not _is_transparent(c)), "-")
    return _in(ord(before), _JOINS_AFTER) and _in(ord(after), _JOINS_BEFORE)


def _is_transparent(character: str) -> bool:
    marks = unicodedata.category(character) in {"Mn", "Me"}
    return marks or character in "\U0001171e\U0001e94b"


def _between_two_l(label: str, place: int) -> bool:
    return label[max(place - 1, 0) : place + 2] == "l\u00b7l"


def _before_greek(label: str, place: int) -> bool:
    return _is_named(label[place + 1 : place + 2], "GREEK ")


def _after_hebrew(label: str, place: int) -> bool:
    return place > 0 and _is_named(label[place - 1], "HEBREW ")


def _beside_japanese(label: str, _place: int) -> bool:
    scripts = ("HIRAGANA ", "HENTAIGANA ", "KATAKANA ", "CJK UNIFIED", "CJK COMPATIBILITY")
    return any(c != "\u30fb" and (c in _HAN or _is_named(c, *scripts)) for c in label)


def _is_named(character: str, *beginnings: str) -> bool:
    return character != "" and unicodedata.name(character, "").startswith(beginnings)


def _without(others: str) -> Callable[[str, int], bool]:
    return lambda label, _place: not any(digit in label for digit in others)


_ARABIC_DIGITS: Final = "".join(map(chr, range(0x0660, 0x066A)))
_EXTENDED_DIGITS: Final = "".join(map(chr, range(0x06F0, 0x06FA)))
_CONTEXT: Final[dict[str, Callable[[str, int], bool]]] = {
    "\u200c": _breaks_a_join,
    "\u200d": _follows_virama,
    "\u00b7": _between_two_l,
    "\u0375": _before_greek,
    "\u05f3": _after_hebrew,
    "\u05f4": _after_hebrew,
    "\u30fb": _beside_japanese,
    **dict.fromkeys(_ARABIC_DIGITS, _without(_EXTENDED_DIGITS)),
    **dict.fromkeys(_EXTENDED_DIGITS, _without(_ARABIC_DIGITS)),
}

# --- direction (RFC 5893, section 2) -------------------------------------------------------------

_NUMBERS: Final = {"AN", "EN"}
_EITHER: Final = {"EN", "ES", "CS", "ET", "ON", "BN", "NSM"}


def _keeps_its_direction(label: str) -> bool:
    """Tell whether a label with right-to-left letters is read in one direction only."""
    directions = [unicodedata.bidirectional(c) for c in label]
    if not {"R", "AL", "AN"} & set(directions):
        return True
    last = next((d for d in reversed(directions) if d != "NSM"), "")
    if directions[0] in {"R", "AL"}:
        allowed, ends = {"R", "AL", "AN", *_EITHER}, {"R", "AL", *_NUMBERS}
        return last in ends and allowed.issuperset(directions) and not set(directions) >= _NUMBERS
    return False  # begins with a number, or with a letter of the other direction


# --- joining (Unicode 18, Joining_Type) ----------------------------------------------------------

_JOINS_AFTER: Final = (
    # Dual_Joining and Left_Joining: joins with what follows.
    (0x620, 0x620), (0x626, 0x626), (0x628, 0x628), (0x62A, 0x62E), (0x633, 0x63F), (0x641, 0x647),
    (0x649, 0x64A), (0x66E, 0x66F), (0x678, 0x687), (0x69A, 0x6BF), (0x6C1, 0x6C2), (0x6CC, 0x6CC),
    (0x6CE, 0x6CE), (0x6D0, 0x6D1), (0x6FA, 0x6FC), (0x6FF, 0x6FF), (0x712, 0x714), (0x71A, 0x71D),
    (0x71F, 0x727), (0x729, 0x729), (0x72B, 0x72B), (0x72D, 0x72E), (0x74E, 0x758), (0x75C, 0x76A),
    (0x76D, 0x770), (0x772, 0x772), (0x775, 0x777), (0x77A, 0x77F), (0x7CA, 0x7EA), (0x841, 0x845),
    (0x848, 0x848), (0x84A, 0x853), (0x855, 0x855), (0x860, 0x860), (0x862, 0x865), (0x868, 0x868),
    (0x886, 0x886), (0x889, 0x88D), (0x88F, 0x88F), (0x8A0, 0x8A9), (0x8AF, 0x8B0), (0x8B3, 0x8B8),
    (0x8BA, 0x8C8), (0x1807, 0x1807), (0x1820, 0x1878), (0x1887, 0x18A8), (0x18AA, 0x18AA),
    (0xA840, 0xA872), (0x10AC0, 0x10AC4), (0x10ACD, 0x10ACD), (0x10AD3, 0x10ADC),
    (0x10ADE, 0x10AE0), (0x10AEB, 0x10AEE), (0x10B80, 0x10B80), (0x10B82, 0x10B82),
    (0x10B86, 0x10B88), (0x10B8A, 0x10B8B), (0x10B8D, 0x10B8D), (0x10B90, 0x10B90),
    (0x10BAD, 0x10BAE), (0x10D00, 0x10D21), (0x10D23, 0x10D23), (0x10EC3, 0x10EC4),
    (0x10EC6, 0x10EC7), (0x10ED9, 0x10EEE), (0x10F30, 0x10F32), (0x10F34, 0x10F44),
    (0x10F51, 0x10F53), (0x10F70, 0x10F73), (0x10F76, 0x10F81), (0x10FB0, 0x10FB0),
    (0x10FB2, 0x10FB3), (0x10FB8, 0x10FB8), (0x10FBB, 0x10FBC), (0x10FBE, 0x10FBF),
    (0x10FC1, 0x10FC1), (0x10FC4, 0x10FC4), (0x10FCA, 0x10FCB), (0x1E900, 0x1E943),
)  # fmt: skip

_JOINS_BEFORE: Final = (
    # Dual_Joining and Right_Joining: joins with what stands before.
    (0x620, 0x620), (0x622, 0x63F), (0x641, 0x64A), (0x66E, 0x66F), (0x671, 0x673), (0x675, 0x6D3),
    (0x6D5, 0x6D5), (0x6EE, 0x6EF), (0x6FA, 0x6FC), (0x6FF, 0x6FF), (0x710, 0x710), (0x712, 0x72F),
    (0x74D, 0x77F), (0x7CA, 0x7EA), (0x840, 0x858), (0x860, 0x860), (0x862, 0x865), (0x867, 0x86A),
    (0x870, 0x882), (0x886, 0x886), (0x889, 0x88F), (0x8A0, 0x8AC), (0x8AE, 0x8C8),
    (0x1807, 0x1807), (0x1820, 0x1878), (0x1887, 0x18A8), (0x18AA, 0x18AA), (0xA840, 0xA871),
    (0x10AC0, 0x10AC5), (0x10AC7, 0x10AC7), (0x10AC9, 0x10ACA), (0x10ACE, 0x10AD6),
    (0x10AD8, 0x10AE1), (0x10AE4, 0x10AE4), (0x10AEB, 0x10AEF), (0x10B80, 0x10B91),
    (0x10BA9, 0x10BAE), (0x10D01, 0x10D23), (0x10EC2, 0x10EC4), (0x10EC6, 0x10EC7),
    (0x10F30, 0x10F44), (0x10F51, 0x10F54), (0x10F70, 0x10F81), (0x10FB0, 0x10FB0),
    (0x10FB2, 0x10FB6), (0x10FB8, 0x10FBF), (0x10FC1, 0x10FC4), (0x10FC9, 0x10FCA),
    (0x1E900, 0x1E943),
)  # fmt: skip
