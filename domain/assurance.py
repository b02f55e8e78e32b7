"""How surely the user behind a session was recognised: what was shown, and the level it reaches.

The levels are the authenticator assurance levels of NIST SP 800-63B, and above them OpenID's
``phr``, phishing-resistant. The methods have the names of RFC 8176 where it has one; ``email``,
``rc`` (a recovery code), ``device`` (a trusted one) and ``key`` (an API key) are Doorward's own.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

from domain.errors import NotAuthenticated


class Level(StrEnum):
    """How sure it is, the least first: the values of ``acr``."""

    AAL1 = "aal1"
    AAL2 = "aal2"
    PHR = "phr"

    @property
    def is_known(self) -> bool:
        """Whether it is one of ours: a row may hold one that a newer version wrote."""
        return self in _RANKS

    def reaches(self, wanted: "Level") -> bool:
        """Tell whether this level is at least the wanted one.

        One that is unknown reaches none, and is reached by none.
        """
        return self in _RANKS and wanted in _RANKS and _RANKS.index(self) >= _RANKS.index(wanted)


_RANKS = [Level.AAL1, Level.AAL2, Level.PHR]


def lowest(levels: Iterable[Level]) -> Level:
    """Return the level that is reached first; an unknown one only where there is no other."""
    return min(levels, key=lambda level: _RANKS.index(level) if level in _RANKS else len(_RANKS))


def highest(levels: Iterable[Level]) -> Level:
    """Return the level that is reached last of these, all of which are known."""
    return max(levels, key=_RANKS.index)


class Method(StrEnum):
    """What can be shown: the values of ``amr``, but for ``mfa``, which is derived.

    An API key is shown by a program, and opens no session.
    """

    PASSWORD = "pwd"
    EMAIL = "email"
    OTP = "otp"
    RECOVERY_CODE = "rc"
    HARDWARE_KEY = "hwk"
    SOFTWARE_KEY = "swk"
    DEVICE = "device"
    KEY = "key"


_FIRST = frozenset({Method.PASSWORD, Method.EMAIL})
_CODES = frozenset({Method.OTP, Method.RECOVERY_CODE})
_KEYS = frozenset({Method.HARDWARE_KEY, Method.SOFTWARE_KEY})
_MULTI_FACTOR = "mfa"


@dataclass(frozen=True, slots=True)
class Evidence:
    """What was shown. ``user_verified`` is what a passkey signed, and not what a client says."""

    methods: frozenset[Method]
    user_verified: bool = False

    @classmethod
    def of(cls, *methods: Method, user_verified: bool = False) -> "Evidence":
        """Return the evidence of these methods together."""
        return cls(frozenset(methods), user_verified)

    @property
    def is_known_device(self) -> bool:
        """Whether it is the password, on a device that its user trusts: no second factor, and
        enough all the same to begin a session of the lowest level."""
        return {Method.PASSWORD, Method.DEVICE} <= self.methods

    def and_also(self, more: "Evidence") -> "Evidence":
        """Return both together, shown by the same user."""
        return Evidence(self.methods | more.methods, self.user_verified or more.user_verified)


class StepUpRequired(NotAuthenticated):
    """The caller is known, and has to show more, or show it again (RFC 9470).

    ``acr`` is the level to reach; ``max_age`` is how long ago that may have been, None for any
    time; ``missing`` is the permission that sleeps below that level, for the audit trail.
    """

    code = "STEP_UP_REQUIRED"
    message = "Show again who you are, or show a second factor, and then repeat this."
    meaning = "It takes a more recent or a stronger proof; step_up says which."

    def __init__(
        self,
        acr: Level = Level.AAL2,
        *,
        max_age: timedelta | None = None,
        missing: str | None = None,
    ) -> None:
        super().__init__()
        self.acr, self.max_age, self.missing = acr, max_age, missing

    @property
    def members(self) -> Mapping[str, object]:
        """The level to reach, and within how many seconds (RFC 9470, section 3)."""
        age = None if self.max_age is None else int(self.max_age.total_seconds())
        return {"step_up": {"acr": self.acr.value, "max_age": age}}


class NotEnoughShown(ValueError):
    """The evidence does not identify a user: a second factor alone, or nothing at all."""


@dataclass(frozen=True, slots=True)
class Assurance:
    """What a session knows of how its user was recognised, and when that was (UTC)."""

    acr: Level
    amr: tuple[str, ...]
    at: datetime

    def ensure_recent(self, wanted: Level, *, max_age: timedelta, now: datetime) -> None:
        """Raise :class:`StepUpRequired` for a lower level, and for one shown longer ago (HD-6)."""
        if not self.acr.reaches(wanted) or now - self.at > max_age:
            raise StepUpRequired(wanted, max_age=max_age)

    def no_more_than(self, known: "Assurance | None") -> "Assurance":
        """Return the earlier of both: what a session has shown since is not the caller's to use.

        ``known`` is what the caller came with, None where that is not known.
        """
        return self if known is None or self.at <= known.at else known

    def raised_by(self, evidence: Evidence, *, at: datetime) -> "Assurance":
        """Return what is known once this was shown as well; the level never sinks.

        What was shown at different times adds up: all of it is of one person, whose session it is.
        Where a newer version knows of something that was shown, and this one does not, the level
        and the methods stay.
        """
        before = {method for method in Method if method.value in self.amr}
        user_verified = evidence.user_verified or self.acr is Level.PHR
        shown = Evidence(evidence.methods | before, user_verified)
        try:
            raised = Assurance.by(shown, at=at)
        except NotEnoughShown:
            return Assurance(self.acr, self.amr, at)
        return raised if raised.acr.reaches(self.acr) else Assurance(self.acr, raised.amr, at)

    @classmethod
    def by(cls, evidence: Evidence, *, at: datetime) -> "Assurance":
        """Return what the evidence amounts to; raise :class:`NotEnoughShown` for too little.

        A mailbox beside a password that the mailbox can reset is no second factor, and a trusted
        device is none either.
        """
        shown = evidence.methods
        knows, holds_key = shown & _FIRST, shown & _KEYS
        if holds_key and (evidence.user_verified or Method.PASSWORD in shown):
            acr = Level.PHR
        elif not knows:
            raise NotEnoughShown
        elif holds_key or shown & _CODES:
            acr = Level.AAL2
        else:
            acr = Level.AAL1
        return cls(acr, _amr(shown, several=acr is not Level.AAL1), at)


def _amr(shown: Iterable[Method], *, several: bool) -> tuple[str, ...]:
    """Return the methods in the order in which they are declared, and whether they are several."""
    methods = [method.value for method in Method if method in shown]
    return (*methods, _MULTI_FACTOR) if several else tuple(methods)
