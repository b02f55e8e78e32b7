"""The words of a mail. Each capability has a table of its own, in its ``mails``.

``{name}`` placeholders are filled with values that are escaped where they must be. A mail has
at most one link, and a mail that carries a secret has exactly one; where the secret is a code to be
typed, the mail has no ``path``, and ``{code}`` stands in its words.
"""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class MailText:
    """One mail: its subject, what stands before the link, and what stands after it."""

    subject: str
    before: tuple[str, ...]
    after: tuple[str, ...] = ()
    action: str | None = None
    path: str | None = None
