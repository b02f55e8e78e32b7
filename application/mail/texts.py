"""The words of a mail. Each capability has a table of its own, in its ``mails``.

``{name}`` placeholders are filled with values that are escaped where they must be. A mail has
at most one link, and a mail that carries a secret has exactly one; where the secret is a code to be
typed, the mail has no ``path``, and ``{code}`` stands in its words.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Where:
    """Words that are there only where a message has something in this parameter.

    They stand before it, and each line of it is a paragraph of its own. A message without the
    parameter, such as one that an older version has queued, is a mail without them.
    """

    parameter: str
    words: str


@dataclass(frozen=True, slots=True)
class MailText:
    """One mail: its subject, what stands before the link, and what stands after it."""

    subject: str
    before: tuple[str | Where, ...]
    after: tuple[str | Where, ...] = ()
    action: str | None = None
    path: str | None = None


def filled_in(lines: tuple[str | Where, ...], words: Mapping[str, str]) -> Iterator[str]:
    """Yield the paragraphs, with the parameters of a message in their places."""
    for line in lines:
        if isinstance(line, str):
            yield line.format_map(words)
        elif given := words.get(line.parameter):
            yield line.words.format_map(words)
            yield from given.splitlines()
