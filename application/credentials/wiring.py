"""The credentials capability, put together."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from application.audit.wiring import Audit
from application.credentials.attempts import AttemptGuard
from application.credentials.devices import ForgetDevices
from application.credentials.mailed_secrets import MailedSecrets, SecretLifetimes
from application.credentials.mails import PASSWORD_RESET_REQUESTED
from application.credentials.owned import MailedSecretsData, PasswordData
from application.credentials.passkeys import TellPasskeys
from application.credentials.password_change import ChangePassword
from application.credentials.password_checks import PasswordChecks
from application.credentials.password_reset import (
    AnswerPasswordResetRequest,
    ResetPassword,
    StartPasswordReset,
)
from application.credentials.planted import ForgetPlanted
from application.credentials.ports import CredentialsUnit, PasswordHasher
from application.credentials.reauthentication import Reauthenticate
from application.credentials.unlocking import UnlockUser
from application.housekeeping import Purge, purge_in
from application.kernel import Kernel
from application.mail.relay import SecretCheck
from application.mail.request import MailRequestAnswer, RequestMail
from application.mail.wiring import Mail
from application.owned_data import OwnedData
from application.ports.unit_of_work import UnitOfWorkFactory
from application.sessions.wiring import Sessions
from domain.credentials.password_policy import PasswordPolicy
from domain.credentials.sign_in_attempts import FORGOTTEN_AFTER, AttemptPolicy
from domain.mail.message import MessageKind


@dataclass(frozen=True, slots=True, kw_only=True)
class CredentialPolicy:
    """What is asked of passwords and of guesses, and how long mailed secrets can be spent.

    ``verified_only``: a session takes a proven address.
    """

    passwords: PasswordPolicy
    attempts: AttemptPolicy
    lifetimes: SecretLifetimes
    verified_only: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Credentials[U: CredentialsUnit]:
    """What the credentials capability offers: to entrypoints, and to accounts."""

    policy: CredentialPolicy
    hasher: PasswordHasher
    guard: AttemptGuard
    checks: PasswordChecks
    secrets: MailedSecrets
    reauthenticate: Reauthenticate
    request_password_reset: RequestMail
    reset_password: ResetPassword[U]
    change_password: ChangePassword[U]
    unlock_user: UnlockUser
    start_password_reset: StartPasswordReset
    answers: Mapping[MessageKind, MailRequestAnswer[CredentialsUnit]]
    secret_checks: Mapping[MessageKind, SecretCheck]
    owned: Sequence[OwnedData[CredentialsUnit]]
    purges: Sequence[Purge]


def credentials[U: CredentialsUnit](
    *,
    kernel: Kernel,
    audit: Audit,
    mail: Mail,
    sessions: Sessions,
    units: UnitOfWorkFactory[U],
    hasher: PasswordHasher,
    policy: CredentialPolicy,
    forget_devices: ForgetDevices[U],
    forget_planted: ForgetPlanted[U],
    tell_passkeys: TellPasskeys[U],
) -> Credentials[U]:
    """Return the capability over these ports.

    ``forget_devices``, ``forget_planted`` and ``tell_passkeys`` are of the one that keeps devices
    and factors.
    """
    clock, recorder = kernel.clock, audit.recorder
    guard = AttemptGuard(policy=policy.attempts, clock=clock, recorder=recorder)
    checks = PasswordChecks(
        unit_of_work=units, hasher=hasher, clock=clock, recorder=recorder, guard=guard
    )
    secrets = MailedSecrets(
        unit_of_work=units,
        notifications=mail.notifications,
        clock=clock,
        randomness=kernel.randomness,
        lifetimes=policy.lifetimes,
    )
    reauthenticate = Reauthenticate(
        unit_of_work=units, checks=checks, freshness=kernel.freshness, clock=clock
    )
    return Credentials(
        policy=policy,
        hasher=hasher,
        guard=guard,
        checks=checks,
        secrets=secrets,
        reauthenticate=reauthenticate,
        request_password_reset=RequestMail(
            unit_of_work=units,
            clock=clock,
            notifications=mail.notifications,
            kind=PASSWORD_RESET_REQUESTED,
        ),
        reset_password=ResetPassword(
            unit_of_work=units,
            hasher=hasher,
            policy=policy.passwords,
            clock=clock,
            recorder=recorder,
            notifications=mail.notifications,
            guard=guard,
            forget_devices=forget_devices,
            tell_passkeys=tell_passkeys,
            forget_planted=forget_planted,
        ),
        change_password=ChangePassword(
            unit_of_work=units,
            reauthenticate=reauthenticate,
            hasher=hasher,
            policy=policy.passwords,
            clock=clock,
            recorder=recorder,
            notifications=mail.notifications,
            guard=guard,
            session_starts=sessions.starts,
            forget_devices=forget_devices,
            tell_passkeys=tell_passkeys,
        ),
        unlock_user=UnlockUser(unit_of_work=units, clock=clock, recorder=recorder, guard=guard),
        start_password_reset=StartPasswordReset(
            unit_of_work=units, clock=clock, recorder=recorder, secrets=secrets
        ),
        answers={
            PASSWORD_RESET_REQUESTED: AnswerPasswordResetRequest(
                unit_of_work=units,
                secrets=secrets,
                clock=clock,
                recorder=recorder,
                mail_allowance=mail.allowance,
            )
        },
        secret_checks=secrets.checks(),
        owned=(
            PasswordData(unit_of_work=units, guard=guard),
            MailedSecretsData(unit_of_work=units),
        ),
        purges=(
            purge_in(
                units,
                "mailed secrets",
                lambda unit, limit: unit.one_time_tokens.purge(now=clock.now(), limit=limit),
            ),
            purge_in(
                units,
                "guesses",
                lambda unit, limit: unit.attempts.purge(
                    before=clock.now() - FORGOTTEN_AFTER, limit=limit
                ),
            ),
        ),
    )
