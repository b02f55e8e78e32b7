"""What the audit trail records of refusals."""

from dataclasses import dataclass

from domain.events import DomainEvent
from domain.identifiers import UserId


@dataclass(frozen=True, slots=True, kw_only=True)
class AuthorizationDenied(DomainEvent):
    """A signed-in caller asked for what they may not do."""

    name = "authorization.denied"
    outcome = "failure"
    about = ("user_id", "user")
    user_id: UserId | None = None
    because: str
    missing: str | None = None

    @property
    def reason(self) -> str | None:
        """The code of the refusal."""
        return self.because
