"""What happened: frozen facts with a stable name.

Aggregates return them; the use case writes each to the audit trail in the same commit. Each
capability declares its own beside what they are about. The names are append-only: audit rows
hold them for ever.
"""

from dataclasses import dataclass, fields
from datetime import datetime
from typing import ClassVar, Literal

from domain.identifiers import Identifier

type Outcome = Literal["success", "failure"]


@dataclass(frozen=True, slots=True, kw_only=True)
class DomainEvent:
    """A fact about one user (if any), at one time (UTC)."""

    name: ClassVar[str]
    about: ClassVar[tuple[str, str] | None] = None
    """Which field says what it happened to, and of which kind that is."""
    outcome: ClassVar[Outcome] = "success"
    routine: ClassVar[bool] = False
    """Whether it happens to every session all day, and all that it tells is kept elsewhere."""
    occurred_at: datetime

    @property
    def target(self) -> tuple[str, Identifier | str] | None:
        """The thing that it happened to: its kind and its identifier."""
        if self.about is None:
            return None
        field, kind = self.about
        identifier = getattr(self, field)
        return None if identifier is None else (kind, identifier)

    @property
    def reason(self) -> str | None:
        """The reason as a stable word; None for an event without one."""
        return None

    def data(self) -> dict[str, str]:
        """Return the fields that are set, but the time, as text; never a secret or an address."""
        values = {f.name: getattr(self, f.name) for f in fields(self)}
        return {k: str(v) for k, v in values.items() if k != "occurred_at" and v is not None}
