"""Labels by IDNA 2008, with the package ``idna`` as the judge (AT-10)."""

import itertools
import random
import unicodedata

import idna
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from domain.idna import a_label

_ALIKE = ("CJK UNIFIED", "HANGUL SYLLABLE", "EGYPTIAN", "CUNEIFORM", "TANGUT", "ANATOLIAN")


def _is_worth_asking(code: int) -> bool:
    """Of scripts with thousands of letters alike, every fiftieth is."""
    name = unicodedata.name(chr(code), "")
    return name != "" and (code % 50 == 0 or not name.startswith(_ALIKE))


KNOWN = [chr(code) for code in range(0x80, 0x110000) if _is_worth_asking(code)]
"""What this Python knows. The judge may know more, and then knows nothing else of these."""

CONTEXTS = "\u200c\u200d\u00b7\u0375\u05f3\u05f4\u30fb"
LETTERS = "ab1-lßς" + "αβγ" + "אבר" + "بحدامن" + "\u06cc\u0647" + "कष" + "ひカ漢\u3005" + "٠٩۰۹"
MARKS = "\u0301\u094d\u064e\u0bcd\u1171e"
ALPHABET = LETTERS + CONTEXTS + MARKS


def ours(label: str) -> str | None:
    """Return the A-label, or None if the label is refused."""
    try:
        return a_label(label)
    except ValueError:
        return None


def judged(label: str) -> str | None:
    """Return what the judge makes of the label, mapped as we say that we map it."""
    small = {chr(c): chr(c).upper() for c in [*range(0xAB70, 0xABC0), *range(0x13F8, 0x13FE)]}
    mapped = "".join(
        small.get(small_letter, small_letter) for c in label for small_letter in c.lower()
    )
    mapped = unicodedata.normalize("NFC", mapped)
    try:
        if mapped.startswith("xn--") and mapped.isascii():
            return mapped if idna.alabel(idna.ulabel(mapped)).decode() == mapped else None
        return idna.alabel(mapped).decode()
    except (idna.IDNAError, UnicodeError):
        return None


def test_every_code_point_is_judged_alike() -> None:
    """AT-10: alone, and where a rule of context may allow it."""
    different = [
        (f"U+{ord(character):04X}", frame)
        for character in KNOWN
        for frame in ("{}", "a{}", "ا{}", "漢{}")
        if ours(label := frame.format(character)) != judged(label)
    ]
    assert not different


def test_every_pair_of_the_rules_of_context_is_judged_alike() -> None:
    """AT-10: joiners, middle dots, Greek and Hebrew signs, and both kinds of Arabic digits."""
    letters = [
        c for c in KNOWN if "GREEK" in unicodedata.name(c) or "HEBREW" in unicodedata.name(c)
    ]
    letters += [c for c in KNOWN if "KATAKANA" in unicodedata.name(c)][:400]
    different = [
        label
        for letter, context in itertools.product(letters, CONTEXTS)
        for label in (letter + context, "a" + context + letter, letter + context + letter)
        if ours(label) != judged(label)
    ]
    assert not different


def test_every_letter_that_joins_is_judged_alike() -> None:
    """AT-10: ZERO WIDTH NON-JOINER stands between letters that would join, through their marks."""
    letters = [c for c in KNOWN if unicodedata.bidirectional(c) in {"R", "AL"}]
    letters += [c for c in KNOWN if "MONGOLIAN" in unicodedata.name(c)]
    letters += [c for c in KNOWN if "PHAGS" in unicodedata.name(c)]
    different = [
        label
        for letter in letters
        for label in (
            f"{letter}\u200cا",
            f"ب\u200c{letter}",
            f"{letter}\u064e\u200c\u064eا",
            f"{letter}\u200c{letter}",
        )
        if ours(label) != judged(label)
    ]
    assert not different


def test_made_up_labels_are_judged_alike() -> None:
    """AT-10: 10,000 labels of everything that has a rule, and both ways."""
    draw = random.Random(2008)
    taken = 0
    for _ in range(10_000):
        label = "".join(draw.choices(ALPHABET, k=draw.randint(1, 6)))
        assert ours(label) == judged(label), ascii(label)
        taken += ours(label) is not None
    assert taken > 1_000  # not everything was refused


@given(st.text(st.sampled_from(KNOWN), min_size=1, max_size=12) | st.text(max_size=12))
@example("xn--")
@example("xn--a")
@example("xn---")
@example("XN--MGBA3A4F16A")
@example("xn--strae-oqa")
@example("xn--bcher-2pa")
@example("ab--cd")
@example("aé--é")
@example("\ud800")
def test_any_text_is_judged_alike(text: str) -> None:
    """IN-1, AT-10: nothing but ValueError comes out."""
    if all(c.isascii() or unicodedata.name(c, "") for c in text):
        expected = None if "." in text or not text else judged(text)
        assert ours(text) == expected
    else:
        ours(text)


@given(st.text(st.sampled_from("abcdefghijklmnopqrstuvwxyz0123456789-"), max_size=12))
def test_any_a_label_is_judged_alike(rest: str) -> None:
    """AT-10: an A-label is taken if it is the one that its own U-label has."""
    assert ours(f"xn--{rest}") == judged(f"xn--{rest}")


@pytest.mark.parametrize(
    ("label", "encoded"),
    [
        ("نامه\u200cای", "xn--mgba3gch31f060k"),
        ("ایران", "xn--mgba3a4f16a"),
        ("क्\u200dष", "xn--11b2ezcw70k"),
        ("l·l", "xn--ll-0ea"),
        ("STRAẞE", "xn--strae-oqa"),
        ("βόλος", "xn--nxasmm1c"),
        ("βόλοσ", "xn--nxasmq6b"),
        ("ΒΌΛΟΣ", "xn--nxasmq6b"),
        ("Bücher", "xn--bcher-kva"),
        ("カ・カ", "xn--lcka3v"),
        ("Ꭰ", "xn--58d"),
        ("ꭰ", "xn--58d"),
    ],
)
def test_what_idna_2003_or_careless_code_refuses_or_changes(label: str, encoded: str) -> None:
    """AT-10: joiners, middle dots, sharp s, final sigma, capitals."""
    assert a_label(label) == judged(label)
    assert encoded == a_label(label)


def test_capital_letters_are_the_small_ones_of_browsers() -> None:
    """AT-10: UTS #46, not transitional, wherever both take the label; no end of a word matters."""
    capitals = [c for c in KNOWN if c.lower() != c]
    different = [
        (f"U+{ord(capital):04X}", frame)
        for capital in capitals
        for frame in ("{}", "α{}", "{}α", "a{}-b", "ΑΣ{}")
        if (taken := ours(label := frame.format(capital))) is not None
        and taken != idna.encode(label, uts46=True).decode()
    ]
    assert len(capitals) > 500
    assert not different


@pytest.mark.parametrize(
    ("label", "encoded"),
    [
        ("σας", "xn--mxa8ab"),
        ("σασ", "xn--mxa9ab"),
        ("ΣΑΣ", "xn--mxa9ab"),
        ("ΣΑς", "xn--mxa8ab"),
        ("XN--MXA8AB", "xn--mxa8ab"),
        ("Σ", "xn--4xa"),
    ],
)
def test_a_final_sigma_is_kept_and_never_made(label: str, encoded: str) -> None:
    """AT-10: IDNA 2008 has two letters (RFC 5892, 2.6), and the capital is the first of them."""
    assert a_label(label) == encoded
    assert idna.encode(label, uts46=True).decode() == encoded


@pytest.mark.parametrize(
    "label",
    {
        "joiner between Latin letters": "a\u200cb",
        "joiner first": "\u200cا",
        "joiner last": "ب\u200c",
        "joiner behind a letter that does not join": "د\u200cا",
        "zero width joiner without a virama": "ب\u200dا",
        "middle dot elsewhere": "a·b",
        "Greek numeral sign before Latin": "α\u0375b",
        "Hebrew geresh first": "\u05f3א",
        "Katakana middle dot among Latin": "a・b",
        "both kinds of Arabic digits": "ا٠۰",
        "Arabic and European digits": "ا٠0",
        "right to left and Latin": "אa",
        "digit before right to left": "1א",
        "combining mark first": "\u0301a",
        "hyphens in third and fourth place": "aé--é",
        "tatweel": "ب\u0640ا",
        "full-width": "ａ",
        "old Hangul": "\u1112\u119e\u11ab",
        "variation selector": "漢\ufe00",
        "Hangul filler": "a\u3164",
        "grapheme joiner": "a\u034fb",
    }.items(),
    ids=lambda pair: pair[0],
)
def test_what_idna_2008_disallows_is_refused(label: tuple[str, str]) -> None:
    """AT-10: such a name cannot be registered, so it is no mailbox's."""
    assert judged(label[1]) is None
    assert ours(label[1]) is None
