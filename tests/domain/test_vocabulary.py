"""Words of another version, as rows may hold them."""

import pytest

from domain.sessions.session import EndReason, SessionIsOver
from domain.vocabulary import word_of


def test_a_known_word_is_its_member() -> None:
    for reason in EndReason:
        assert word_of(EndReason, reason.value) is reason


def test_an_unknown_word_stands_as_it_is_and_is_none_of_the_known() -> None:
    other = word_of(EndReason, "MOVED")
    assert (other.value, str(other)) == ("MOVED", "MOVED")
    assert other not in list(EndReason)
    assert other == word_of(EndReason, "MOVED")
    assert SessionIsOver.because(other).details[0].code == "MOVED"
    with pytest.raises(ValueError, match="MOVED"):
        EndReason("MOVED")
