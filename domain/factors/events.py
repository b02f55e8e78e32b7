"""What can happen to a user's factors, and to guesses at them."""

from dataclasses import dataclass

from domain.factors.device import DeviceId
from domain.factors.factor import FactorId
from domain.identifiers import SessionId
from domain.users.events import UserEvent

_LONGEST_REASON = 64
"""Characters that a row of the audit trail has for a reason."""


@dataclass(frozen=True, slots=True, kw_only=True)
class FactorEnrolled(UserEvent):
    """The user added a factor."""

    name = "factor.enrolled"
    factor_id: FactorId
    kind: str


@dataclass(frozen=True, slots=True, kw_only=True)
class FactorRemoved(UserEvent):
    """The user removed a factor, or undid the first one."""

    name = "factor.removed"
    factor_id: FactorId
    kind: str


@dataclass(frozen=True, slots=True, kw_only=True)
class FactorsReset(UserEvent):
    """An administrator took all factors away, and said why."""

    name = "factor.reset"
    because: str

    @property
    def reason(self) -> str | None:
        """How what the administrator said begins: there is room for a word, and not for all."""
        said = " ".join(self.because.split())
        return said if len(said) <= _LONGEST_REASON else f"{said[: _LONGEST_REASON - 1]}…"

    def data(self) -> dict[str, str]:
        """Return the fields; ``reason`` is all that the administrator said."""
        return {"user_id": str(self.user_id), "reason": self.because}


@dataclass(frozen=True, slots=True, kw_only=True)
class FactorRefused(UserEvent):
    """Something was shown for the account that does not prove who it is."""

    name = "factor.refused"
    outcome = "failure"
    method: str


@dataclass(frozen=True, slots=True, kw_only=True)
class FactorLocked(UserEvent):
    """So many proofs were wrong that more are refused for a while."""

    name = "factor.locked"
    outcome = "failure"


@dataclass(frozen=True, slots=True, kw_only=True)
class RecoveryCodesGenerated(UserEvent):
    """The user has new recovery codes; older ones are void."""

    name = "recovery_codes.generated"


@dataclass(frozen=True, slots=True, kw_only=True)
class RecoveryCodeUsed(UserEvent):
    """A recovery code was used up."""

    name = "recovery_code.used"
    remaining: int


@dataclass(frozen=True, slots=True, kw_only=True)
class PasskeyCounterRegressed(UserEvent):
    """A device-bound passkey counted backwards: there may be a copy of it."""

    name = "passkey.counter_regressed"
    outcome = "failure"
    factor_id: FactorId


@dataclass(frozen=True, slots=True, kw_only=True)
class SessionSteppedUp(UserEvent):
    """The user showed in a session again, or more surely, who they are."""

    name = "session.stepped_up"
    session_id: SessionId
    acr: str
    amr: str


@dataclass(frozen=True, slots=True, kw_only=True)
class DeviceTrusted(UserEvent):
    """The user chose to be asked for the password alone on a device."""

    name = "device.trusted"
    device_id: DeviceId


@dataclass(frozen=True, slots=True, kw_only=True)
class DeviceForgotten(UserEvent):
    """A device is trusted no more."""

    name = "device.forgotten"
    device_id: DeviceId


@dataclass(frozen=True, slots=True, kw_only=True)
class SignInCodeRequested(UserEvent):
    """A code to sign in with was mailed."""

    name = "sign_in_code.requested"
