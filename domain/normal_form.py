"""One spelling for texts that look the same: Unicode's Normalization Form C, in linear time."""

import unicodedata

MANY_MARKS = 30
"""More combining marks in a row than any language writes (UAX #15, Stream-Safe Text Format)."""


def nfc(text: str) -> str:
    """Return the text in Unicode NFC, the same as ``unicodedata.normalize("NFC", text)``.

    The standard library orders combining marks by exchanging neighbours. That takes time with the
    square of their number: 25 ms for the 4,096 that a password may consist of. So a long row of
    marks is put in its canonical order before (UAX #15, D108), which changes nothing in the result.
    """
    if text.isascii() or not _has_many_marks(text):
        return unicodedata.normalize("NFC", text)
    ordered: list[str] = []
    row: list[str] = []
    for character in text:
        for part in unicodedata.normalize("NFD", character):
            if unicodedata.combining(part):
                row.append(part)
            else:
                ordered += sorted(row, key=unicodedata.combining)  # stable, as the form demands
                ordered.append(part)
                row.clear()
    ordered += sorted(row, key=unicodedata.combining)
    return unicodedata.normalize("NFC", "".join(ordered))


def _has_many_marks(text: str) -> bool:
    marks = 0
    for character in text:
        # By category and not by class: some marks of class 0 consist of others (U+0F73).
        marks = marks + 1 if unicodedata.category(character).startswith("M") else 0
        if marks > MANY_MARKS:
            return True
    return False
