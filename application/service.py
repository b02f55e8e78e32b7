"""The whole of Doorward over its ports: every capability, put together when it is first asked for.

Production and tests share it. The composition root makes adapters and hands them over as
:class:`Ports`, and what an operator may set as :class:`Policies`; a test does the same with memory
adapters. A capability that a process does not ask for is not even imported.

A team's own service inherits from :class:`Service` and adds a property for each of its
capabilities (``docs/extending.md``).
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from functools import cached_property
from typing import TYPE_CHECKING, Protocol

from application.accounts.ports import AccountsUnit
from application.credentials.ports import PasswordHasher
from application.credentials.wiring import CredentialPolicy
from application.factors.ports import Passkeys
from application.housekeeping import Purge, PurgeExpired
from application.kernel import Kernel, kernel
from application.keys.ports import AccessTokens, KeysUnit
from application.keys.wiring import KeyPolicy
from application.mail.ports import Mailer
from application.mail.texts import MailText
from application.owned_data import OwnedData
from application.ports.clock import Clock, Randomness
from application.ports.crypto import Authenticator, SecretBox
from application.ports.idempotency import IdempotencyStore
from application.ports.rate_limiter import RateLimiter
from application.ports.unit_of_work import UnitOfWorkFactory
from domain.assurance import Level
from domain.mail.circuit import CircuitPolicy
from domain.mail.message import MessageKind
from domain.principal import Permission
from domain.sessions.session import SessionPolicy

if TYPE_CHECKING:
    from application.access.wiring import Access
    from application.accounts.wiring import Accounts
    from application.api_keys.wiring import ApiKeys
    from application.audit.wiring import Audit
    from application.credentials.wiring import Credentials
    from application.factors.planted import PlantedAccess
    from application.factors.policy import FactorPolicy
    from application.factors.wiring import Factors
    from application.keys.wiring import Keys
    from application.mail.relay import RelayOutbox
    from application.mail.wiring import Mail
    from application.service_accounts.wiring import ServiceAccounts
    from application.sessions.wiring import Sessions
    from application.users.wiring import Users


class ServiceUnit(AccountsUnit, KeysUnit, Protocol):
    """What Doorward's capabilities touch; a team's own unit inherits from it and adds its own."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Ports[U: ServiceUnit]:
    """What stands behind each port. Without a ``mailer``, mail waits in the outbox."""

    units: UnitOfWorkFactory[U]
    clock: Clock
    randomness: Randomness
    secret_box: SecretBox
    authenticator: Authenticator
    limiter: RateLimiter
    idempotency_store: IdempotencyStore
    hasher: PasswordHasher
    access_tokens: AccessTokens
    passkeys: Passkeys
    mailer: Mailer | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Policies:
    """What an operator may set, and what the composition root collects.

    ``own_permissions`` are those of this service, ``texts`` the words of every mail;
    ``administrator_acr`` is the level below which the built-in administrator's role is dormant.
    ``longest_api_key`` is for how long any API key may live, None for good.
    """

    own_permissions: frozenset[Permission]
    texts: Mapping[MessageKind, MailText]
    link_base_url: str
    mail_retry: timedelta
    circuit: CircuitPolicy
    keys: KeyPolicy
    sessions: SessionPolicy
    credentials: CredentialPolicy
    factors: "FactorPolicy"
    conceal_existing: bool
    audit_refreshes: bool
    rate_limits: bool
    request_patience: timedelta
    reauthentication_max_age: timedelta
    administrator_acr: Level | None = None
    longest_api_key: timedelta | None = None


class Service[U: ServiceUnit]:
    """Every capability, each made once."""

    def __init__(self, ports: Ports[U], policies: Policies) -> None:
        self.ports, self.policies = ports, policies

    @cached_property
    def kernel(self) -> Kernel:
        """What every capability is built on."""
        return kernel(
            clock=self.ports.clock,
            randomness=self.ports.randomness,
            secret_box=self.ports.secret_box,
            authenticator=self.ports.authenticator,
            limiter=self.ports.limiter,
            idempotency_store=self.ports.idempotency_store,
            rate_limits=self.policies.rate_limits,
            request_patience=self.policies.request_patience,
            reauthentication_max_age=self.policies.reauthentication_max_age,
        )

    @cached_property
    def mail(self) -> "Mail":
        """Mail: queued in the outbox."""
        from application.mail.wiring import mail

        return mail(
            kernel=self.kernel,
            units=self.ports.units,
            texts=self.policies.texts,
            link_base_url=self.policies.link_base_url,
            circuit_policy=self.policies.circuit,
        )

    @cached_property
    def audit(self) -> "Audit":
        """The audit trail."""
        from application.audit.wiring import audit

        return audit(
            kernel=self.kernel,
            units=self.ports.units,
            routine_too=self.policies.audit_refreshes,
        )

    @cached_property
    def users(self) -> "Users":
        """The user, whom the other capabilities look up."""
        from application.users.wiring import users

        return users(units=self.ports.units)

    @cached_property
    def keys(self) -> "Keys":
        """Signing keys."""
        from application.keys.wiring import keys

        return keys(
            kernel=self.kernel,
            audit=self.audit,
            units=self.ports.units,
            tokens=self.ports.access_tokens,
            policy=self.policies.keys,
        )

    @cached_property
    def sessions(self) -> "Sessions":
        """Sessions, and the caller of a request."""
        from application.sessions.wiring import sessions

        return sessions(
            kernel=self.kernel,
            audit=self.audit,
            mail=self.mail,
            keys=self.keys,
            units=self.ports.units,
            policy=self.policies.sessions,
            administrator_acr=self.policies.administrator_acr,
        )

    @cached_property
    def access(self) -> "Access":
        """Roles, and the authorization check."""
        from application.access.wiring import access

        return access(
            kernel=self.kernel,
            audit=self.audit,
            mail=self.mail,
            units=self.ports.units,
            own_permissions=self.policies.own_permissions,
            administrator_acr=self.policies.administrator_acr,
        )

    @cached_property
    def service_accounts(self) -> "ServiceAccounts":
        """Service accounts."""
        from application.service_accounts.wiring import service_accounts

        return service_accounts(kernel=self.kernel, audit=self.audit, units=self.ports.units)

    @cached_property
    def api_keys(self) -> "ApiKeys":
        """API keys, and the caller who comes with one."""
        from application.api_keys.wiring import api_keys

        return api_keys(
            kernel=self.kernel,
            audit=self.audit,
            mail=self.mail,
            access=self.access,
            keys=self.keys,
            sessions=self.sessions,
            units=self.ports.units,
            longest=self.policies.longest_api_key,
            administrator_acr=self.policies.administrator_acr,
        )

    @cached_property
    def credentials(self) -> "Credentials[U]":
        """Passwords, and the secrets that travel by mail."""
        from application.credentials.wiring import credentials
        from application.factors.devices import forget_devices
        from application.factors.passkeys_left import PasskeysLeft

        return credentials(
            kernel=self.kernel,
            audit=self.audit,
            mail=self.mail,
            sessions=self.sessions,
            units=self.ports.units,
            hasher=self.ports.hasher,
            policy=self.policies.credentials,
            forget_devices=forget_devices,
            forget_planted=self._planted_access,
            tell_passkeys=PasskeysLeft(self.ports.passkeys.rp_id),
        )

    @cached_property
    def _planted_access(self) -> "PlantedAccess":
        from application.factors.planted import PlantedAccess

        return PlantedAccess(notifications=self.mail.notifications)

    @cached_property
    def factors(self) -> "Factors[U]":
        """Every way to show who one is."""
        from application.factors.wiring import factors

        return factors(
            kernel=self.kernel,
            audit=self.audit,
            mail=self.mail,
            sessions=self.sessions,
            credentials=self.credentials,
            units=self.ports.units,
            passkeys=self.ports.passkeys,
            policy=self.policies.factors,
        )

    @cached_property
    def accounts(self) -> "Accounts[U]":
        """Accounts, from sign-up to the end."""
        from application.accounts.wiring import accounts

        return accounts(
            kernel=self.kernel,
            audit=self.audit,
            mail=self.mail,
            access=self.access,
            credentials=self.credentials,
            forget_planted=self._planted_access,
            units=self.ports.units,
            owned=self.owned,
            conceal_existing=self.policies.conceal_existing,
            without_password=self.factors.policy.methods.without_password,
        )

    @cached_property
    def relay(self) -> "RelayOutbox[U] | None":
        """What sends the queued mail; None without a mailer."""
        from application.mail.wiring import relay

        if self.ports.mailer is None:
            return None
        return relay(
            kernel=self.kernel,
            mail=self.mail,
            units=self.ports.units,
            mailer=self.ports.mailer,
            answers={
                **self.credentials.answers,
                **self.factors.answers,
                **self.accounts.answers,
            },
            secret_checks={
                **self.credentials.secret_checks,
                **self.factors.secret_checks,
                **self.accounts.secret_checks,
            },
            retry_after=self.policies.mail_retry,
        )

    @property
    def owned(self) -> Sequence[OwnedData[U]]:
        """What capabilities below accounts hold about a user, in the order of the export."""
        return (
            *self.users.owned,
            *self.credentials.owned,
            *self.factors.owned,
            *self.api_keys.owned,
            *self.service_accounts.owned,
            *self.sessions.owned,
            *self.mail.owned,
            *self.audit.owned,
        )

    @property
    def purges(self) -> Sequence[Purge]:
        """What every capability removes once it has expired."""
        return (
            *self.sessions.purges,
            *self.api_keys.purges,
            *self.credentials.purges,
            *self.factors.purges,
            *self.accounts.purges,
            *self.mail.purges,
            *self.keys.purges,
            *self.kernel.purges,
        )

    @cached_property
    def purge_expired(self) -> PurgeExpired:
        """What runs every purge."""
        return PurgeExpired(purges=self.purges)
