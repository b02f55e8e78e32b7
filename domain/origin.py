"""Where a request came from."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class Origin:
    """Where a request came from. Every part may be unknown."""

    ip_address: str | None = None
    user_agent: str | None = None
    request_id: str | None = None


NOWHERE = Origin()
