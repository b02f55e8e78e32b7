"""The audit trail: what was done, kept for good (LG-3)."""

from abc import abstractmethod
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from application.ports.unit_of_work import UnitOfWork
from domain.audit.chain import ChainedEvent, ChainHead
from domain.audit.event import AuditEvent, AuditEventId
from domain.audit.retired_key import RetiredAuditKey
from domain.identifiers import UserId


@dataclass(frozen=True, slots=True, kw_only=True)
class AuditQuery:
    """Which rows of the trail: by whom, about what, of which type, and when."""

    actor: str | None = None
    target: str | None = None
    type: str | None = None
    after: datetime | None = None
    before: datetime | None = None

    def matches(self, event: AuditEvent) -> bool:
        """Tell whether the row is among them. A session's user counts as its target, too."""
        target = event.target.id if event.target else None
        return all(
            (
                self.actor is None or event.actor.id == self.actor,
                self.target is None or self.target in {target, event.data.get("user_id")},
                self.type is None or event.type == self.type,
                self.after is None or event.occurred_at > self.after,
                self.before is None or event.occurred_at < self.before,
            )
        )


type AuditPosition = tuple[datetime, AuditEventId]
"""A place in the audit trail: that of the row which has this time and this id."""


class AuditTrail(Protocol):
    """The append-only record of what was done (LG-3)."""

    @abstractmethod
    async def append(self, event: AuditEvent) -> None:
        """Write one row."""

    @abstractmethod
    async def about(
        self, user_id: UserId, *, limit: int, before: AuditPosition | None = None
    ) -> list[AuditEvent]:
        """Return the newest rows that this user caused or that happened to them.

        ``before`` starts behind that place. Rows of one moment stand in the order of their ids.
        """

    @abstractmethod
    async def count_about(self, user_id: UserId) -> int:
        """Return how many rows this user caused or happened to them."""

    @abstractmethod
    async def search(
        self, query: AuditQuery, *, limit: int, before: AuditPosition | None = None
    ) -> list[AuditEvent]:
        """Return up to that many of the rows in question, the newest first."""

    @abstractmethod
    async def count(self, query: AuditQuery) -> int:
        """Return how many rows are in question."""

    @abstractmethod
    async def forget_origins(self, user_id: UserId) -> None:
        """Blank the network address and the client of what an erased user did (HD-13).

        The one change that the trail knows: who, what, when and how it ended stay as they are.
        Rows of what other users did keep theirs; rows of what unknown callers did to this user
        do not.
        """


class AuditChain(Protocol):
    """The chain over the trail's rows. Appending a row does not wait for it."""

    @abstractmethod
    async def hold(self) -> ChainHead:
        """Return where the chain ends, and keep others from extending it until the unit ends."""

    @abstractmethod
    async def head(self) -> ChainHead:
        """Return where the chain ends."""

    @abstractmethod
    async def was_begun(self) -> bool:
        """Tell whether some row has a place or a seal."""

    @abstractmethod
    async def last_place(self) -> int:
        """Return the place of the last row, whatever the head says; 0 if no row has one."""

    @abstractmethod
    async def loose(self, *, limit: int, after: AuditPosition | None = None) -> list[AuditEvent]:
        """Return up to that many committed rows that have no place yet, the oldest first.

        ``after`` starts behind the row that is there, whether or not it has a place by now.
        """

    @abstractmethod
    async def extend(self, rows: Sequence[ChainedEvent], head: ChainHead) -> None:
        """Give the rows their places, and their seals if they had none, and write the new end."""

    @abstractmethod
    async def read(self, *, after: int | None, up_to: int | None, limit: int) -> list[ChainedEvent]:
        """Return up to that many rows behind a place, in the chain's order.

        Without one it begins with the first row, also with one whose place is below 1.
        """


class RetiredAuditKeys(Protocol):
    """The keys of the trail from before SECRET_KEY was changed. None is ever removed."""

    @abstractmethod
    async def add(self, key: RetiredAuditKey) -> None:
        """Keep one more."""

    @abstractmethod
    async def list_all(self) -> list[RetiredAuditKey]:
        """Return every key that is kept, in the order of their ids: the oldest first."""

    @abstractmethod
    async def renew(self, key: RetiredAuditKey) -> None:
        """Write what the key is sealed in now; all else of it stays."""


class AuditUnit(UnitOfWork, Protocol):
    """What the audit trail touches."""

    @property
    @abstractmethod
    def audit(self) -> AuditTrail:
        """The audit trail."""

    @property
    @abstractmethod
    def audit_chain(self) -> AuditChain:
        """The chain over it."""

    @property
    @abstractmethod
    def retired_audit_keys(self) -> RetiredAuditKeys:
        """The keys that sealed it earlier."""
