"""With what a session may begin here: what an operator has switched on."""

from collections.abc import Set
from dataclasses import dataclass
from enum import StrEnum

from domain.errors import Forbidden


class SignInMethod(StrEnum):
    """The ways to begin a session."""

    PASSWORD = "password"
    PASSKEY = "passkey"
    EMAIL = "email"


class SignInMethodOff(Forbidden):
    """The operator has switched this way to sign in off."""

    code = "SIGN_IN_METHOD_OFF"
    message = "Sign in another way: this one is switched off here."
    meaning = "The operator has switched this way to sign in off."


@dataclass(frozen=True, slots=True)
class SignInMethods:
    """The ways that are on."""

    on: Set[SignInMethod]

    @property
    def without_password(self) -> bool:
        """Whether an account can be of use that never had a password."""
        return SignInMethod.EMAIL in self.on

    def ensure_on(self, method: SignInMethod) -> None:
        """Return if the method is on; else raise SignInMethodOff."""
        if method not in self.on:
            raise SignInMethodOff
