"""The user: an account, which belongs to the person who proves its mailbox."""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from domain.assurance import Level
from domain.email_address import EmailAddress
from domain.errors import Conflict, Forbidden, NotFound, ValidationFailed
from domain.identifiers import Entropy, UserId
from domain.principal import (
    ADMINISTRATOR,
    UNGUARDED,
    USER,
    Authority,
    Guards,
    Permission,
    RoleName,
    permits,
)
from domain.users.display_name import normalise_display_name
from domain.users.events import (
    EmailChanged,
    EmailVerified,
    ProfileChanged,
    RoleGranted,
    RoleRevoked,
    UserErased,
    UserRegistered,
    UserReinstated,
    UserSuspended,
)

MAX_REASON = 500


class UserNotFound(NotFound):
    """No user has this identifier."""

    code = "USER_NOT_FOUND"
    message = "There is no such user."
    meaning = "There is no such user."


class EmailAlreadyRegistered(Conflict):
    """The address has an account. Told only where sign-up conceals nothing."""

    code = "EMAIL_ALREADY_REGISTERED"
    message = "This address has an account already."
    meaning = "The address has an account."


class EmailNotVerified(Forbidden):
    """The password was right, but the address was never proven."""

    code = "EMAIL_NOT_VERIFIED"
    message = "Verify your e-mail address first."
    meaning = "The address has to be proven first."


class UserIsSuspended(Forbidden):
    """The password was right, but the account is suspended."""

    code = "USER_SUSPENDED"
    message = "This account is suspended."
    meaning = "The account is suspended."


class LastAdministrator(Conflict):
    """Without this user the service would have no administrator (AZ-3)."""

    code = "LAST_ADMINISTRATOR"
    message = "This is the last administrator. Appoint another one first."
    meaning = "No user could administrate any more."


class UserStatus(StrEnum):
    """Where the account stands. Suspension hides the other two."""

    UNVERIFIED = "unverified"
    ACTIVE = "active"
    SUSPENDED = "suspended"


def stated_reason(text: str) -> str:
    """Return why an administrator does something to an account, as it is kept.

    Raises :class:`ValidationFailed` for a reason that is empty or too long.
    """
    reason = text.strip()
    if not 0 < len(reason) <= MAX_REASON:
        message = f"Give a reason of 1 to {MAX_REASON} characters."
        raise ValidationFailed.of("reason", "INVALID_LENGTH", message)
    return reason


@dataclass(slots=True, eq=False, kw_only=True)
class User:
    """An account: one mailbox, one user.

    Every change that must end sessions or stop a running sign-in is saved here as well, so
    the user's ``version`` is what such races are decided on. ``last_signed_in_at`` alone is
    outside it: it is written by ``UserRepository.record_sign_in``.

    ``second_factor_since`` is when the first of the account's second factors was added, None while
    it has none: signing in then takes more than a password.

    ``defined_permissions`` is what the roles defined at run time gave the user when it was
    loaded, and ``guards`` from which level on; both are read with the user and never written.
    """

    id: UserId
    email: EmailAddress
    display_name: str | None
    email_verified_at: datetime | None
    suspended_at: datetime | None
    suspension_reason: str | None
    roles: frozenset[RoleName]
    created_at: datetime
    updated_at: datetime
    last_signed_in_at: datetime | None
    second_factor_since: datetime | None = None
    version: int = 0
    defined_permissions: frozenset[Permission] = frozenset()
    guards: Guards = UNGUARDED

    @classmethod
    def register(
        cls, *, email: EmailAddress, display_name: str | None, now: datetime, entropy: Entropy
    ) -> tuple["User", UserRegistered]:
        """Return a new, unverified user with the role ``user``."""
        user = cls(
            id=UserId.new(now, entropy),
            email=email,
            display_name=normalise_display_name(display_name),
            email_verified_at=None,
            suspended_at=None,
            suspension_reason=None,
            roles=frozenset({USER}),
            created_at=now,
            updated_at=now,
            last_signed_in_at=None,
        )
        return user, UserRegistered(user_id=user.id, occurred_at=now)

    @property
    def status(self) -> UserStatus:
        """Where the account stands now."""
        if self.suspended_at is not None:
            return UserStatus.SUSPENDED
        return UserStatus.UNVERIFIED if self.email_verified_at is None else UserStatus.ACTIVE

    def may(self, permission: Permission) -> bool:
        """Tell whether the user's roles give the permission (:func:`domain.principal.permits`).

        The account's as a whole; how much of it a session gives is what :meth:`authority` says.
        """
        return permits(self.roles, self.defined_permissions, permission)

    def authority(self, *, administrator: Level | None) -> Authority:
        """Return all that the user's roles give, and from which level on.

        ``administrator`` is the level that the built-in role asks for (ADMINISTRATOR_ACR).
        """
        guards = self.guards
        if administrator is not None and ADMINISTRATOR in self.roles:
            guards = guards.beside(ADMINISTRATOR, administrator)
        return Authority(self.roles, self.defined_permissions, guards)

    @property
    def is_verified(self) -> bool:
        """Whether the present address was proven."""
        return self.email_verified_at is not None

    def ensure_may_sign_in(self, *, verified_only: bool) -> None:
        """Raise UserIsSuspended or EmailNotVerified if the user may not sign in (RF-4, AT-7)."""
        if self.suspended_at is not None:
            raise UserIsSuspended
        if verified_only and not self.is_verified:
            raise EmailNotVerified

    def verify_email(self, *, now: datetime) -> EmailVerified | None:
        """Note that the address is proven; None if it already was."""
        if self.is_verified:
            return None
        self.email_verified_at = self.updated_at = now
        return EmailVerified(user_id=self.id, occurred_at=now)

    def change_email(self, email: EmailAddress, *, now: datetime) -> EmailChanged:
        """Move to another address, which its owner has just proven (AT-8)."""
        self.email = email
        self.email_verified_at = self.updated_at = now
        return EmailChanged(user_id=self.id, occurred_at=now)

    def rename(self, display_name: str | None, *, now: datetime) -> ProfileChanged | None:
        """Change the display name; None if it is the same already."""
        name = normalise_display_name(display_name)
        if name == self.display_name:
            return None
        self.display_name, self.updated_at = name, now
        return ProfileChanged(user_id=self.id, occurred_at=now)

    def credentials_changed(self, *, now: datetime) -> None:
        """Note a new or removed password, so that a sign-in with the old one is stopped."""
        self.updated_at = now

    @property
    def has_second_factor(self) -> bool:
        """Whether signing in takes more than a password."""
        return self.second_factor_since is not None

    def factors_changed(self, *, any_left: bool, now: datetime) -> None:
        """Note a change of the second factors, so that what relied on them before is stopped."""
        self.second_factor_since = (self.second_factor_since or now) if any_left else None
        self.updated_at = now

    def grant(self, role: RoleName, *, now: datetime) -> RoleGranted | None:
        """Give the role; None if the user has it already."""
        if role in self.roles:
            return None
        self.roles, self.updated_at = self.roles | {role}, now
        return RoleGranted(user_id=self.id, role=role, occurred_at=now)

    def revoke(self, role: RoleName, *, now: datetime) -> RoleRevoked | None:
        """Take the role away; None if the user does not have it."""
        if role not in self.roles:
            return None
        self.roles, self.updated_at = self.roles - {role}, now
        return RoleRevoked(user_id=self.id, role=role, occurred_at=now)

    @property
    def administrates(self) -> bool:
        """Whether the user could administrate the service today, given a password."""
        return ADMINISTRATOR in self.roles and self.status is UserStatus.ACTIVE

    def suspend(self, reason: str, *, now: datetime) -> UserSuspended | None:
        """Suspend the account; None if it already is.

        Raises :class:`ValidationFailed` for a reason that is empty or too long.
        """
        reason = stated_reason(reason)
        if self.suspended_at is not None:
            return None
        self.suspended_at = self.updated_at = now
        self.suspension_reason = reason
        return UserSuspended(user_id=self.id, occurred_at=now)

    def reinstate(self, *, now: datetime) -> UserReinstated | None:
        """Lift the suspension; None if there is none."""
        if self.suspended_at is None:
            return None
        self.suspended_at = self.suspension_reason = None
        self.updated_at = now
        return UserReinstated(user_id=self.id, occurred_at=now)

    def erase(self, *, now: datetime) -> UserErased:
        """Return the event of the erasure; the repository then removes the user."""
        return UserErased(user_id=self.id, occurred_at=now)
