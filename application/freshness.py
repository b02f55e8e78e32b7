"""Dangerous operations want to know that it is still the same person (HD-6, RFC 9470)."""

from dataclasses import dataclass
from datetime import timedelta

from application.ports.clock import Clock
from domain.principal import Principal


@dataclass(frozen=True, slots=True)
class Freshness:
    """How long ago the caller may have shown who they are, before something dangerous."""

    clock: Clock
    max_age: timedelta

    def ensure(self, principal: Principal) -> None:
        """Return if that was within ``max_age``, with a second factor where the account has one.

        Else raises :class:`~domain.assurance.StepUpRequired`.
        """
        principal.ensure_recently_recognised(max_age=self.max_age, now=self.clock.now())
