"""What something is for, in a line: of a role, of a service account."""

from domain.errors import ValidationFailed

MAX_DESCRIPTION = 500


def normalise_description(text: str | None) -> str | None:
    """Return the line without outer spaces, None for an empty one.

    Raises :class:`ValidationFailed` above 500 characters, and for what cannot be printed.
    """
    stripped = text.strip() if text else None
    if stripped and (len(stripped) > MAX_DESCRIPTION or not stripped.isprintable()):
        message = f"Use up to {MAX_DESCRIPTION} printable characters."
        raise ValidationFailed.of("description", "INVALID", message)
    return stripped or None
