"""Why a part that Doorward needs cannot be used, and what an operator can do about it."""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import Enum


class Remedy(Enum):
    """What ends a failure."""

    TIME = "it may pass by itself"
    OPERATOR = "it has to be mended where it is; this process notices and need not be restarted"
    RESTART = "waiting is of no use: it has to be mended, and this process started again"


@dataclass(frozen=True, slots=True, kw_only=True)
class Failure:
    """One cause, told in our own words.

    Adapters make it from what a library or a server said. It repeats nothing of that: no words of
    the server, no address, no name of a user or a file, no secret (LG-1).
    """

    part: str
    """What cannot be used: ``database``, ``mail server``."""
    reason: str
    """The stable name of the cause, such as ``password_refused``."""
    words: str
    """What happened; goes on after "The database"."""
    cure: str
    """What to do about it, in one or two sentences."""
    code: str | None = None
    """What the technology behind the adapter calls it, as its own manual has it."""
    kind: str | None = None
    """The adapter's name for the vocabulary of the code; so it is called in the log."""
    remedy: Remedy = Remedy.OPERATOR
    public: str = "does not answer"
    """What anyone may know, in a few words."""

    def __str__(self) -> str:
        """Return what happened and the cure, as sentences."""
        return f"{self.what_happened} {self.cure}".rstrip()

    @property
    def name(self) -> str:
        """Return the reason, and behind it the code in brackets if there is one."""
        return f"{self.reason} ({self.code})" if self.code else self.reason

    @property
    def what_happened(self) -> str:
        """Return the sentence without the cure."""
        code = f" ({self.code})" if self.code else ""
        return f"The {self.part} {self.words}{code}."

    @property
    def facts(self) -> Mapping[str, str]:
        """Return fields for a log: ``reason``, ``why``, ``cure``, and the code by its kind."""
        facts = {"reason": self.reason, "why": self.what_happened, "cure": self.cure}
        if self.kind is not None and self.code is not None:
            facts[self.kind] = self.code
        return facts
