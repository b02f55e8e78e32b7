"""The audit trail as a chain that cannot be forged without the key (LG-3).

Each row has a *seal*, made when it is written: a keyed digest of everything in it. No writer waits
for another one. Moments later the committed rows are numbered, one round at a time, and each gets a
*link*: a keyed digest of the link before, of its place and of its seal. A signed *head* says where
the chain ends. So a row that was changed, removed, added or moved without the key is found.

Where a request came from has a seal of its own, since erasing an account blanks it.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from enum import StrEnum

from domain.audit.event import AuditEvent

type Tag = Callable[[bytes], bytes]
"""Makes a digest that only holders of the key can make."""

FIRST_LINK = bytes(32)
MOST_FINDINGS = 100


@dataclass(frozen=True, slots=True)
class EarlierTag:
    """What made the digests until SECRET_KEY was changed, and the last place that has them."""

    tag: Tag
    up_to: int


@dataclass(frozen=True, slots=True, kw_only=True)
class ChainHead:
    """Where the chain ends, with the signature that proves it."""

    position: int = 0
    link: bytes = FIRST_LINK
    sealed_at: datetime | None = None
    signature: bytes = b""


@dataclass(frozen=True, slots=True, kw_only=True)
class ChainedEvent:
    """A row in its place."""

    event: AuditEvent
    position: int
    link: bytes


class Fault(StrEnum):
    """What can be wrong with a row, or with the head."""

    CHANGED = "changed"
    MISSING = "missing"
    OUT_OF_PLACE = "out_of_place"
    FORGED = "forged"
    HEAD = "head"


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """One thing that is wrong, and where."""

    fault: Fault
    position: int | None = None
    event_id: str | None = None


def content_of(event: AuditEvent) -> bytes:
    """Return everything in a row but its origin, as bytes that no other row gives."""
    target = event.target
    fields = [
        str(event.id),
        event.occurred_at.astimezone(UTC).isoformat(timespec="microseconds"),
        event.type,
        event.outcome,
        event.reason,
        event.actor.kind,
        event.actor.id,
        target.kind if target else None,
        target.id if target else None,
        event.origin.request_id,
    ]
    for name, value in sorted(event.data.items()):
        fields += (name, value)
    if event.actor.key_id is not None:
        # Rows from before there were keys keep their seals. No name in the data is None.
        fields += (None, event.actor.key_id)
    return _joined(fields)


def origin_of(event: AuditEvent) -> bytes | None:
    """Return the origin of a row's request, bound to the row; None if it is not known."""
    origin = event.origin
    if origin.ip_address is None and origin.user_agent is None:
        return None
    return _joined(["origin", str(event.id), origin.ip_address, origin.user_agent])


def link_to(previous: bytes, position: int, seal: bytes, tag: Tag) -> bytes:
    """Return the link of the row at this place."""
    return tag(b"link" + previous + position.to_bytes(8) + seal)


def signed(position: int, link: bytes, sealed_at: datetime, tag: Tag) -> ChainHead:
    """Return the head of a chain that ends there."""
    return ChainHead(
        position=position,
        link=link,
        sealed_at=sealed_at,
        signature=tag(_head(position, link, sealed_at)),
    )


def extended(
    head: ChainHead, events: Iterable[AuditEvent], tag: Tag, *, now: datetime
) -> tuple[list[ChainedEvent], ChainHead]:
    """Return the events in the places that follow the head, and the head behind them."""
    position, link, rows = head.position, head.link, list[ChainedEvent]()
    for event in events:
        position += 1
        link = link_to(link, position, event.seal or b"", tag)
        rows.append(ChainedEvent(event=event, position=position, link=link))
    return rows, signed(position, link, now, tag)


def is_signed(head: ChainHead, tag: Tag) -> bool:
    """Tell whether the head is signed with the key. False for a chain that was never begun."""
    if head.sealed_at is None or head.position < 0:
        return False
    return head.signature == tag(_head(head.position, head.link, head.sealed_at))


class ChainReader:
    """Reads a chain from its beginning and notes what is wrong with it.

    Each place has one key. An earlier one counts up to the place where it was retired, and for no
    row without a place: what was made with it later is a forgery.
    """

    def __init__(self, tag: Tag, earlier: Iterable[EarlierTag] = ()) -> None:
        """Take the present tag, and the earlier ones in the order of their last places."""
        self._tag, self._earlier = tag, tuple(earlier)
        self.position, self._link = 0, FIRST_LINK
        self.findings: list[Finding] = []

    def read(self, rows: Iterable[ChainedEvent]) -> None:
        """Check the next rows, in their order."""
        for row in rows:
            event, expected = row.event, self.position + 1
            tag = self._tag_at(row.position)
            is_next = row.position == expected
            if not is_next:
                self._note(Fault.MISSING, expected, None)
            if is_changed(event, tag):
                self._note(Fault.CHANGED, row.position, event)
            elif is_next and row.link != link_to(self._link, row.position, event.seal or b"", tag):
                self._note(Fault.OUT_OF_PLACE, row.position, event)
            self.position, self._link = row.position, row.link

    def _tag_at(self, position: int) -> Tag:
        for each in self._earlier:
            if position <= each.up_to:
                return each.tag
        return self._tag

    def end(self, head: ChainHead) -> None:
        """Compare the last row with the end that the head states."""
        if not is_signed(head, self._tag):
            self._note(Fault.HEAD, None, None)
        elif head.position > self.position:
            self._note(Fault.MISSING, self.position + 1, None)
        elif (head.position, head.link) != (self.position, self._link):
            self._note(Fault.HEAD, self.position, None)

    def beyond_the_end(self, row: ChainedEvent) -> None:
        """Note a row behind the end that the head states."""
        self._note(Fault.HEAD, row.position, row.event)

    def read_loose(self, events: Iterable[AuditEvent]) -> None:
        """Check rows that have no place yet, each by itself."""
        for event in events:
            if event.seal is None or is_changed(event, self._tag):
                self._note(Fault.FORGED, None, event)

    def _note(self, fault: Fault, position: int | None, event: AuditEvent | None) -> None:
        if len(self.findings) < MOST_FINDINGS:
            event_id = str(event.id) if event is not None else None
            self.findings.append(Finding(fault=fault, position=position, event_id=event_id))


def is_changed(event: AuditEvent, tag: Tag) -> bool:
    """Tell whether the row differs from what was sealed."""
    if not _is_written_as_ours(event) or event.seal != tag(content_of(event)):
        return True
    origin = origin_of(event)
    return origin is not None and event.origin_seal != tag(origin)


def _is_written_as_ours(event: AuditEvent) -> bool:
    """Tell whether the row's data are names with texts, as Doorward writes them."""
    given: object = event.data
    return isinstance(given, Mapping) and all(
        isinstance(part, str) for pair in given.items() for part in pair
    )


def _head(position: int, link: bytes, sealed_at: datetime) -> bytes:
    moment = sealed_at.astimezone(UTC).isoformat(timespec="microseconds")
    return b"head" + position.to_bytes(8) + link + moment.encode()


def _joined(fields: Iterable[str | None]) -> bytes:
    """Return the fields with their lengths in front, so that no two lists give the same bytes."""
    return b"".join(_parts(fields))


def _parts(fields: Iterable[str | None]) -> Iterator[bytes]:
    for field in fields:
        if field is None:
            yield b"-;"
        else:
            encoded = field.encode()
            yield b"%d:%s;" % (len(encoded), encoded)
