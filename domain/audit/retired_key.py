"""Keys of the audit trail from before SECRET_KEY was changed (LG-3)."""

from dataclasses import dataclass, field
from datetime import datetime

from domain.identifiers import Identifier

_PLACE_BYTES = 8


class RetiredAuditKeyId(Identifier):
    """Identifies a key that was retired; those of one trail sort by their time."""

    __slots__ = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class RetiredAuditKey:
    """A key that sealed the trail until ``retired_at``, itself sealed under the present SECRET_KEY.

    The last place that it counts for is sealed with it, so that nothing else in the store says so.
    """

    id: RetiredAuditKeyId
    sealed: bytes = field(repr=False)
    retired_at: datetime


@dataclass(frozen=True, slots=True)
class EarlierKey:
    """What is sealed in a retired key."""

    key: bytes = field(repr=False)
    up_to: int

    def written(self) -> bytes:
        """Return the bytes to seal."""
        return self.up_to.to_bytes(_PLACE_BYTES) + self.key

    @classmethod
    def read(cls, plain: bytes) -> "EarlierKey":
        """Return what :meth:`written` wrote."""
        return cls(plain[_PLACE_BYTES:], int.from_bytes(plain[:_PLACE_BYTES]))
