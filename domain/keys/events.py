"""What can happen to a signing key, and to the key that seals it."""

from dataclasses import dataclass

from domain.events import DomainEvent


@dataclass(frozen=True, slots=True, kw_only=True)
class SigningKeyEvent(DomainEvent):
    """Something happened to a signing key."""

    about = ("kid", "signing_key")
    kid: str


@dataclass(frozen=True, slots=True, kw_only=True)
class SigningKeyPublished(SigningKeyEvent):
    """A new key stands in the JWKS."""

    name = "signing_key.published"


@dataclass(frozen=True, slots=True, kw_only=True)
class SigningKeyPromoted(SigningKeyEvent):
    """A key signs from this time on."""

    name = "signing_key.promoted"


@dataclass(frozen=True, slots=True, kw_only=True)
class SigningKeyRetired(SigningKeyEvent):
    """A key was given its successor and a time to leave, which may be moved later."""

    name = "signing_key.retired"


@dataclass(frozen=True, slots=True, kw_only=True)
class SigningKeyRevoked(SigningKeyEvent):
    """A key was taken out of the JWKS at once."""

    name = "signing_key.revoked"


@dataclass(frozen=True, slots=True, kw_only=True)
class SecretKeyChanged(DomainEvent):
    """What is kept for long is sealed under another SECRET_KEY from now on."""

    name = "secret_key.changed"
