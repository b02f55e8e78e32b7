"""Times in RFC 3339."""

from datetime import UTC, datetime


def instant(moment: datetime | None) -> str | None:
    """Return the time in RFC 3339 with ``Z``, to the microsecond."""
    if moment is None:
        return None
    in_utc = moment if moment.tzinfo is UTC else moment.astimezone(UTC)
    return in_utc.isoformat(timespec="microseconds")[:-6] + "Z"
