"""UUIDv7 by RFC 9562, and identifiers that are never mistaken for one another (AZ-7)."""

from datetime import UTC, datetime
from itertools import pairwise
from uuid import RFC_4122, UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.audit.event import AuditEventId
from domain.identifiers import SessionId, UserId, uuid7
from domain.mail.message import MessageId
from tests.domain.samples import NOW, TICK, entropy_from

moments = st.datetimes(datetime(1970, 1, 2), datetime(9000, 1, 1), timezones=st.just(UTC))  # noqa: DTZ001 - hypothesis takes bare ones


@given(moments, st.binary(min_size=10, max_size=10))
def test_version_variant_and_time_are_where_they_belong(now: datetime, noise: bytes) -> None:
    """AZ-7: 48 bits of milliseconds, version 7, variant 10, the rest random."""
    identifier = uuid7(now, lambda length: noise[:length])
    assert identifier.version == 7
    assert identifier.variant == RFC_4122
    assert identifier.int >> 80 == int(now.timestamp() * 1000)
    low = int.from_bytes(noise)
    assert identifier.int & ((1 << 62) - 1) == low & ((1 << 62) - 1)
    assert identifier.int >> 64 & 0xFFF == low >> 62 & 0xFFF


def test_all_74_bits_are_drawn() -> None:
    """AZ-7: the next identifier cannot be guessed."""
    drawn: list[int] = []

    def counting(length: int) -> bytes:
        drawn.append(length)
        return b"\xff" * length

    identifier = uuid7(NOW, counting)
    assert drawn == [10]
    assert identifier.int & ((1 << 62) - 1) == (1 << 62) - 1


@given(st.lists(moments, min_size=2, max_size=8))
def test_identifiers_sort_by_birth(times: list[datetime]) -> None:
    """Keyset paging relies on it; within a millisecond the order is any."""
    entropy = entropy_from("order")
    born = [SessionId.new(at, entropy) for at in sorted(times)]
    milliseconds = [identifier.value.int >> 80 for identifier in born]
    assert milliseconds == sorted(milliseconds)
    for earlier, later in pairwise(born):
        if earlier.value.int >> 80 < later.value.int >> 80:
            assert earlier < later


def test_two_of_one_moment_differ() -> None:
    entropy = entropy_from("same moment")
    assert len({UserId.new(NOW, entropy) for _ in range(1000)}) == 1000
    assert UserId.new(NOW, entropy) != UserId.new(NOW + TICK, entropy)


def test_two_kinds_are_never_equal() -> None:
    """AT-5: a session's identifier is no user's, though the number were the same."""
    number = uuid7(NOW, entropy_from("kinds"))
    kinds = [UserId(number), SessionId(number), MessageId(number), AuditEventId(number)]
    assert len(set(kinds)) == 4
    assert UserId(number) == UserId(number)


@given(st.uuids())
def test_only_the_canonical_spelling_is_read(number: UUID) -> None:
    """TK-2, AZ-2: one identifier, one text."""
    text = str(number)
    assert SessionId.parse(text) == SessionId(number)
    assert str(SessionId.parse(text)) == text
    for other in (number.hex, f"{{{text}}}", f"urn:uuid:{text}", f" {text}", f"{text}\n"):
        with pytest.raises(ValueError, match=r".+"):
            SessionId.parse(other)
    if text.upper() != text:
        with pytest.raises(ValueError, match="canonical"):
            SessionId.parse(text.upper())


@pytest.mark.parametrize("text", ["", "1", "me", "not-a-uuid", "0" * 31, "../etc/passwd", "\0"])
def test_what_is_no_identifier_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match=r".+"):
        UserId.parse(text)
