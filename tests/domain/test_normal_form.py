"""The normal form of the standard library, without its worst case (PW-5, IN-2)."""

import unicodedata

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from domain import normal_form
from domain.normal_form import MANY_MARKS, nfc

MARKS = "\u0301\u0323\u0345\u0327\u05b0\u0f73\u0344\u3099"
rows_of_marks = st.text(st.sampled_from(MARKS + "ae\u1fa7\u1100\u1161\u11a8"), max_size=150)


@given(st.text() | rows_of_marks)
@example("a" + "\u0301" * 40 + "\u0323" * 40)
@example("\u0f73" * 80)
@example("\u0344\u0323" * 80 + "e\u0323\u0301")
def test_it_is_the_standard_librarys_form(text: str) -> None:
    """PW-5: no password changes its hash, whatever it is made of."""
    assert nfc(text) == unicodedata.normalize("NFC", text)


class _Exchanges:
    """Stands in for ``unicodedata``, and counts what its ordering of marks would take."""

    def __init__(self) -> None:
        self.count = 0

    def __getattr__(self, name: str) -> object:
        return getattr(unicodedata, name)

    def normalize(self, form: str, text: str) -> str:
        parts = [p for c in text for p in unicodedata.normalize("NFD", c)]
        row: list[int] = []
        for mark in map(unicodedata.combining, parts):
            row = [*row, mark] if mark else []
            self.count += sum(mark < before for before in row)
        return unicodedata.normalize(form, text)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    "text",
    ["a" + "\u0301" * 500 + "\u0323" * 500, "a" + "\u0301\u0323" * 500, "\u0f73" * 500],
    ids=["turned", "alternating", "marks of marks"],
)
def test_no_long_row_of_marks_is_ordered_by_exchanging_neighbours(
    text: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """IN-2: the square of what a caller sent is not spent on it."""
    spy = _Exchanges()
    monkeypatch.setattr(normal_form, "unicodedata", spy)
    nfc(text)
    assert spy.count <= MANY_MARKS * len(text)
    naive = _Exchanges()
    naive.normalize("NFC", text)
    assert naive.count > MANY_MARKS * len(text)
