"""What several parts of the factors capability are built on, made once."""

from dataclasses import dataclass

from application.audit.recording import Recorder
from application.audit.wiring import Audit
from application.credentials.ports import CredentialsUnit
from application.credentials.wiring import Credentials
from application.factors.challenges import Challenges
from application.factors.devices import DeviceTrust
from application.factors.guard import FactorGuard
from application.factors.mailed_sign_in import MailedCodeProofs
from application.factors.passkeys import PasskeyProofs
from application.factors.policy import FactorPolicy
from application.factors.ports import FactorsUnit, Passkeys
from application.factors.proofs import ProofKind, Proofs
from application.factors.recovery import RecoveryCodeMaking, RecoveryCodeProofs
from application.factors.totp import TotpProofs
from application.freshness import Freshness
from application.kernel import Kernel
from application.mail.allowance import AdditionAllowance, MailAllowance
from application.mail.notifications import Notifications
from application.mail.wiring import Mail
from application.ports.clock import Clock, Randomness
from application.ports.crypto import Authenticator, SecretBox
from application.ports.unit_of_work import UnitOfWorkFactory
from application.sessions.wiring import Sessions


@dataclass(frozen=True, slots=True, kw_only=True)
class Ground[U: CredentialsUnit]:
    """The ports and the capabilities below, and the rules that the parts have in common."""

    units: UnitOfWorkFactory[FactorsUnit]
    clock: Clock
    randomness: Randomness
    secret_box: SecretBox
    authenticator: Authenticator
    freshness: Freshness
    recorder: Recorder
    notifications: Notifications
    mail_allowance: MailAllowance
    count_addition: AdditionAllowance
    sessions: Sessions
    credentials: Credentials[U]
    passkeys: Passkeys
    policy: FactorPolicy
    guard: FactorGuard
    challenges: Challenges
    codes: RecoveryCodeMaking
    proofs: Proofs
    devices: DeviceTrust


def ground[U: CredentialsUnit](
    *,
    kernel: Kernel,
    audit: Audit,
    mail: Mail,
    sessions: Sessions,
    credentials: Credentials[U],
    units: UnitOfWorkFactory[FactorsUnit],
    passkeys: Passkeys,
    policy: FactorPolicy,
) -> Ground[U]:
    """Return what the parts are built on, over these ports."""
    challenges = Challenges(secret_box=kernel.secret_box, clock=kernel.clock)
    codes = RecoveryCodeMaking(
        secret_box=kernel.secret_box,
        authenticator=kernel.authenticator,
        randomness=kernel.randomness,
    )
    mailed_codes = MailedCodeProofs(unit_of_work=units, authenticator=kernel.authenticator)
    passkey_proofs = PasskeyProofs(passkeys=passkeys, unit_of_work=units)
    return Ground(
        units=units,
        clock=kernel.clock,
        randomness=kernel.randomness,
        secret_box=kernel.secret_box,
        authenticator=kernel.authenticator,
        freshness=kernel.freshness,
        recorder=audit.recorder,
        notifications=mail.notifications,
        mail_allowance=mail.allowance,
        count_addition=mail.count_addition,
        sessions=sessions,
        credentials=credentials,
        passkeys=passkeys,
        policy=policy,
        guard=FactorGuard(
            unit_of_work=units,
            policy=credentials.policy.attempts,
            clock=kernel.clock,
            recorder=audit.recorder,
            notifications=mail.notifications,
        ),
        challenges=challenges,
        codes=codes,
        proofs=Proofs(
            {
                ProofKind.PASSKEY: passkey_proofs,
                ProofKind.TOTP: TotpProofs(secret_box=kernel.secret_box),
                ProofKind.RECOVERY_CODE: RecoveryCodeProofs(codes),
                ProofKind.EMAIL_CODE: mailed_codes,
                ProofKind.EMAIL_TOKEN: mailed_codes,
            },
            challenges=challenges,
            passkey_options=passkey_proofs.options,
        ),
        devices=DeviceTrust(
            ttl=policy.trusted_device_ttl,
            clock=kernel.clock,
            randomness=kernel.randomness,
            recorder=audit.recorder,
        ),
    )
