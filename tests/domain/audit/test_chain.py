"""What a seal covers, and what a reader of the chain notices (LG-3)."""

import hmac
from dataclasses import replace
from datetime import timedelta
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.audit.chain import (
    FIRST_LINK,
    ChainedEvent,
    ChainHead,
    ChainReader,
    content_of,
    is_changed,
    is_signed,
    link_to,
    origin_of,
    signed,
)
from domain.audit.event import AuditEvent, AuditEventId, Party
from domain.origin import Origin
from tests.domain.samples import NOW, entropy_from

ENTROPY = entropy_from("audit chain")


def tag(content: bytes) -> bytes:
    """Return a keyed digest."""
    return hmac.digest(b"key", content, "sha256")


def an_event(number: int = 0) -> AuditEvent:
    """Return a sealed row."""
    event = AuditEvent(
        id=AuditEventId.new(NOW, ENTROPY),
        occurred_at=NOW + timedelta(seconds=number),
        type="role.granted",
        outcome="success",
        reason="X",
        actor=Party("user", "a"),
        target=Party("user", "b"),
        origin=Origin(ip_address="192.0.2.1", user_agent="curl", request_id="r"),
        data={"role": "administrator", "user_id": "b"},
    )
    return sealed(event)


def sealed(event: AuditEvent) -> AuditEvent:
    """Return the row with good seals."""
    origin = origin_of(event)
    return replace(
        event, seal=tag(content_of(event)), origin_seal=None if origin is None else tag(origin)
    )


def a_chain(number: int = 5) -> tuple[list[ChainedEvent], ChainHead]:
    """Return so many rows in their places, and the head."""
    rows, link = [], FIRST_LINK
    for position in range(1, number + 1):
        event = an_event(position)
        link = link_to(link, position, event.seal or b"", tag)
        rows.append(ChainedEvent(event=event, position=position, link=link))
    return rows, signed(number, link, NOW, tag)


def faults(rows: list[ChainedEvent], head: ChainHead) -> list[tuple[str, int | None]]:
    """Return what a reader finds."""
    reader = ChainReader(tag)
    reader.read(rows)
    reader.end(head)
    return [(finding.fault.value, finding.position) for finding in reader.findings]


def test_a_chain_that_was_not_touched_is_intact() -> None:
    rows, head = a_chain()
    assert faults(rows, head) == []
    assert faults([], signed(0, FIRST_LINK, NOW, tag)) == []


CHANGES = {
    "id": lambda e: replace(e, id=AuditEventId.new(NOW, ENTROPY)),
    "time": lambda e: replace(e, occurred_at=e.occurred_at + timedelta(microseconds=1)),
    "type": lambda e: replace(e, type="role.revoked"),
    "outcome": lambda e: replace(e, outcome="failure"),
    "reason": lambda e: replace(e, reason=None),
    "actor": lambda e: replace(e, actor=Party("user", "c")),
    "actor kind": lambda e: replace(e, actor=Party("operator", "a")),
    "target": lambda e: replace(e, target=None),
    "request": lambda e: replace(e, origin=replace(e.origin, request_id="other")),
    "data": lambda e: replace(e, data={**e.data, "role": "user"}),
    "less data": lambda e: replace(e, data={"role": "administrator"}),
    "address": lambda e: replace(e, origin=replace(e.origin, ip_address="192.0.2.2")),
    "client": lambda e: replace(e, origin=replace(e.origin, user_agent=None)),
    "seal": lambda e: replace(e, seal=bytes(32)),
    "data of another kind": lambda e: replace(e, data={**e.data, "role": 1}),
    "no data": lambda e: replace(e, data=["role"]),
    "no seal": lambda e: replace(e, seal=None),
}


@pytest.mark.parametrize("name", CHANGES)
def test_a_changed_row_is_found(name: str) -> None:
    rows, head = a_chain()
    rows[2] = replace(rows[2], event=CHANGES[name](rows[2].event))
    assert faults(rows, head) == [("changed", 3)]


@pytest.mark.parametrize(("gone", "found"), [(0, 1), (2, 3), (4, 5)])
def test_a_removed_row_is_found(gone: int, found: int) -> None:
    rows, head = a_chain()
    del rows[gone]
    assert faults(rows, head) == [("missing", found)]


def test_rows_that_changed_places_are_found() -> None:
    rows, head = a_chain()
    rows[1], rows[3] = replace(rows[1], event=rows[3].event), replace(rows[3], event=rows[1].event)
    assert ("out_of_place", 2) in faults(rows, head)


def test_a_removal_that_closes_the_gap_is_found() -> None:
    rows, head = a_chain()
    del rows[1]
    rows = [replace(row, position=number) for number, row in enumerate(rows, start=1)]
    assert faults(rows, head)[0] == ("out_of_place", 2)


def test_an_added_row_is_found() -> None:
    rows, head = a_chain()
    forged = replace(rows[-1], event=replace(an_event(9), seal=bytes(32)), position=6)
    assert ("changed", 6) in faults([*rows, forged], head)


def test_a_forged_or_cut_head_is_found() -> None:
    rows, head = a_chain()
    assert faults(rows, replace(head, position=4)) == [("head", None)]
    assert faults(rows[:4], signed(4, rows[3].link, NOW, lambda _: bytes(32))) == [("head", None)]
    assert faults(rows, ChainHead()) == [("head", None)]
    assert faults([], ChainHead()) == [("head", None)]
    assert faults([], replace(ChainHead(), sealed_at=NOW, position=-1)) == [("head", None)]
    assert faults(rows, signed(5, rows[3].link, NOW, tag)) == [("head", 5)]
    assert is_signed(head, tag)


def test_blanking_where_a_request_came_from_breaks_nothing() -> None:
    """HD-13: erasure leaves the chain intact."""
    rows, head = a_chain()
    event = rows[2].event
    blank = replace(event, origin=Origin(request_id=event.origin.request_id))
    rows[2] = replace(rows[2], event=blank)
    assert faults(rows, head) == []


def test_a_loose_row_stands_for_itself() -> None:
    reader = ChainReader(tag)
    good = an_event()
    reader.read_loose([good, replace(good, type="x"), replace(good, seal=None)])
    assert [finding.fault.value for finding in reader.findings] == ["forged", "forged"]


texts = st.none() | st.text(max_size=8) | st.sampled_from(["", "-;", "1:a;", "0:;"])


@given(
    first=st.lists(texts, min_size=4, max_size=4), second=st.lists(texts, min_size=4, max_size=4)
)
def test_no_two_rows_say_the_same(first: list[str | None], second: list[str | None]) -> None:
    """Or one could be put in another's place."""

    def content(fields: list[str | None]) -> bytes:
        reason, actor, target, request = fields
        event = an_event()
        return content_of(
            replace(
                event,
                id=FIXED,
                reason=reason,
                actor=Party("user", actor),
                target=Party("user", target),
                origin=Origin(request_id=request),
            )
        )

    assert (content(first) == content(second)) is (first == second)


FIXED = AuditEventId.new(NOW, ENTROPY)


def with_key(event: AuditEvent, key_id: str | None = "k") -> AuditEvent:
    """Return the row as one of a caller who came with this key."""
    return replace(event, actor=replace(event.actor, key_id=key_id))


def test_a_row_from_before_there_were_keys_keeps_its_seal() -> None:
    """The content of a row, once written down: a chain that was begun earlier stays intact."""
    event = replace(an_event(), id=AuditEventId(UUID(int=1)))
    assert content_of(event) == (
        b"36:00000000-0000-0000-0000-000000000001;32:2026-11-05T09:30:15.123456+"
        b"00:00;12:role.granted;7:success;1:X;4:user;1:a;4:user;1:b;1:r;4:role;1"
        b"3:administrator;7:user_id;1:b;"
    )


@pytest.mark.parametrize("at", range(1, 4))
def test_a_key_that_is_added_removed_or_exchanged_is_found(at: int) -> None:
    """LG-3: with which key it was done is part of what is sealed."""
    rows, head = a_chain(3)
    keyed = [replace(row, event=sealed(with_key(row.event))) for row in rows]
    link, placed = FIRST_LINK, list[ChainedEvent]()
    for row in keyed:
        link = link_to(link, row.position, row.event.seal or b"", tag)
        placed.append(replace(row, link=link))
    whole = signed(3, link, NOW, tag)
    assert faults(placed, whole) == []
    for before, end, key_id in ((rows, head, "k"), (placed, whole, None), (placed, whole, "other")):
        touched = list(before)
        touched[at - 1] = replace(touched[at - 1], event=with_key(touched[at - 1].event, key_id))
        assert faults(touched, end) == [("changed", at)]


@pytest.mark.parametrize("name", ["", "key_id", "-", "actor_key_id"])
def test_a_key_that_is_moved_into_the_data_is_found(name: str) -> None:
    """No data give the bytes that a key gives, and none of them hide one."""
    event = sealed(with_key(an_event(), "k"))
    moved = replace(with_key(event, None), data={**event.data, name: "k"})
    assert is_changed(moved, tag)
    back = sealed(moved)
    assert is_changed(with_key(replace(back, data=event.data), "k"), tag)
