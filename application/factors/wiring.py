"""The factors capability, put together."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta

from application.audit.wiring import Audit
from application.credentials.ports import PasswordHasher
from application.credentials.wiring import Credentials
from application.factors.address_proof import AddressProofs
from application.factors.challenges import Challenges
from application.factors.changes import RemoveFactor, RenameFactor, RenewRecoveryCodes
from application.factors.complete_sign_in import CompleteSignIn
from application.factors.devices import DeviceTrust, ForgetDevices, ListDevices
from application.factors.enrolment import Enrolments
from application.factors.guard import FactorGuard
from application.factors.listing import ListFactors, Usability
from application.factors.mailed_sign_in import (
    AnswerSignInCodeRequest,
    EmailOpening,
    MailedCodeProofs,
    RequestSignInCode,
)
from application.factors.mails import FIRST_FACTOR_ENROLLED, SIGN_IN_CODE_REQUESTED
from application.factors.methods import SignInMethods
from application.factors.owned import FactorsData, TrustedDevicesData
from application.factors.passkeys import (
    BeginPasskey,
    BeginPasskeySignIn,
    ConfirmPasskey,
    CountOrphanedPasskeys,
    PasskeyOpening,
    PasskeyProofs,
)
from application.factors.planted import PlantedFactors
from application.factors.ports import FactorsUnit, Passkeys
from application.factors.proofs import ProofKind, Proofs
from application.factors.recovery import RecoveryCodeMaking, RecoveryCodeProofs
from application.factors.renewal import RenewSealedFactors
from application.factors.reset import ResetFactors
from application.factors.sign_in import SignIn, SignInDecisions
from application.factors.step_up import Askers, BeginStepUp, StepUp
from application.factors.totp import BeginTotp, ConfirmTotp, TotpProofs
from application.factors.undo import UndoFirstFactor
from application.housekeeping import Purge, purge_in
from application.kernel import Kernel
from application.mail.relay import SecretCheck
from application.mail.request import MailRequestAnswer, RequestMail
from application.mail.wiring import Mail
from application.owned_data import OwnedData
from application.ports.unit_of_work import UnitOfWorkFactory
from application.sessions.wiring import Sessions
from domain.credentials.one_time_token import Purpose
from domain.factors.challenge import ChallengePurpose
from domain.mail.message import MessageKind


@dataclass(frozen=True, slots=True, kw_only=True)
class FactorPolicy:
    """What an operator may set of factors: how authenticator apps name this service.

    ``trusted_device_ttl`` is how long a device is trusted; zero for not at all.
    """

    issuer: str
    methods: SignInMethods
    sign_in_code_ttl: timedelta
    trusted_device_ttl: timedelta = timedelta(0)

    @property
    def trusted_device_seconds(self) -> int:
        """The same in whole seconds."""
        return int(self.trusted_device_ttl.total_seconds())


@dataclass(frozen=True, slots=True, kw_only=True)
class Factors:
    """What the factors capability offers: to entrypoints, and to accounts."""

    policy: FactorPolicy
    guard: FactorGuard
    sign_in: SignIn
    complete_sign_in: CompleteSignIn
    request_sign_in_code: RequestSignInCode
    answers: Mapping[MessageKind, MailRequestAnswer[FactorsUnit]]
    begin_totp: BeginTotp
    confirm_totp: ConfirmTotp
    begin_passkey_sign_in: BeginPasskeySignIn
    begin_passkey: BeginPasskey
    confirm_passkey: ConfirmPasskey
    count_orphaned_passkeys: CountOrphanedPasskeys
    begin_step_up: BeginStepUp
    step_up: StepUp
    list: ListFactors
    rename: RenameFactor
    remove: RemoveFactor
    renew_recovery_codes: RenewRecoveryCodes
    reset: ResetFactors
    undo_first: UndoFirstFactor
    renew_sealed: RenewSealedFactors
    list_devices: ListDevices
    forget_devices: ForgetDevices
    secret_checks: Mapping[MessageKind, SecretCheck]
    owned: Sequence[OwnedData[FactorsUnit]]
    purges: Sequence[Purge]


def factors[U: FactorsUnit](
    *,
    kernel: Kernel,
    audit: Audit,
    mail: Mail,
    sessions: Sessions,
    credentials: Credentials[U],
    units: UnitOfWorkFactory[FactorsUnit],
    hasher: PasswordHasher,
    passkeys: Passkeys,
    policy: FactorPolicy,
) -> Factors:
    """Return the capability over these ports."""
    clock, recorder, randomness = kernel.clock, audit.recorder, kernel.randomness
    verified_only = credentials.policy.verified_only
    guard = FactorGuard(
        unit_of_work=units,
        policy=credentials.policy.attempts,
        clock=clock,
        recorder=recorder,
        notifications=mail.notifications,
    )
    challenges = Challenges(secret_box=kernel.secret_box, clock=clock)
    codes = RecoveryCodeMaking(
        secret_box=kernel.secret_box,
        authenticator=kernel.authenticator,
        randomness=randomness,
    )
    mailed_codes = MailedCodeProofs(unit_of_work=units, authenticator=kernel.authenticator)
    passkey_proofs = PasskeyProofs(passkeys=passkeys, unit_of_work=units)
    proofs = Proofs(
        {
            ProofKind.PASSKEY: passkey_proofs,
            ProofKind.TOTP: TotpProofs(secret_box=kernel.secret_box),
            ProofKind.RECOVERY_CODE: RecoveryCodeProofs(codes),
            ProofKind.EMAIL_CODE: mailed_codes,
            ProofKind.EMAIL_TOKEN: mailed_codes,
        },
        challenges=challenges,
        passkey_options=passkey_proofs.options,
    )
    devices = DeviceTrust(
        ttl=policy.trusted_device_ttl, clock=clock, randomness=randomness, recorder=recorder
    )
    decisions = SignInDecisions(
        unit_of_work=units,
        clock=clock,
        randomness=randomness,
        recorder=recorder,
        guard=credentials.guard,
        factor_guard=guard,
        proofs=proofs,
        session_starts=sessions.starts,
        devices=devices,
        forget_planted=PlantedFactors(notifications=mail.notifications),
    )
    address_proofs = AddressProofs(
        unit_of_work=units,
        authenticator=kernel.authenticator,
        notifications=mail.notifications,
        allowance=mail.allowance,
        guard=guard,
        clock=clock,
        randomness=randomness,
    )
    enrolments = Enrolments(
        unit_of_work=units,
        freshness=kernel.freshness,
        clock=clock,
        randomness=randomness,
        recorder=recorder,
        notifications=mail.notifications,
        codes=codes,
        address_proofs=address_proofs,
    )
    askers = Askers(unit_of_work=units, clock=clock)
    usability = Usability(secret_box=kernel.secret_box, rp_id=passkeys.rp_id)
    return Factors(
        policy=policy,
        guard=guard,
        sign_in=SignIn(
            hasher=hasher,
            checks=credentials.checks,
            factor_guard=guard,
            decisions=decisions,
            methods=policy.methods,
            verified_only=verified_only,
        ),
        request_sign_in_code=RequestSignInCode(
            methods=policy.methods,
            request=RequestMail(
                unit_of_work=units,
                clock=clock,
                notifications=mail.notifications,
                kind=SIGN_IN_CODE_REQUESTED,
            ),
            challenges=challenges,
            clock=clock,
            randomness=randomness,
            ttl=policy.sign_in_code_ttl,
        ),
        answers={
            SIGN_IN_CODE_REQUESTED: AnswerSignInCodeRequest(
                unit_of_work=units,
                authenticator=kernel.authenticator,
                notifications=mail.notifications,
                mail_allowance=mail.allowance,
                clock=clock,
                randomness=randomness,
                recorder=recorder,
                ttl=policy.sign_in_code_ttl,
            )
        },
        complete_sign_in=CompleteSignIn(
            unit_of_work=units,
            methods=policy.methods,
            challenges=challenges,
            factor_guard=guard,
            decisions=decisions,
            openings={
                ChallengePurpose.PASSKEY_SIGN_IN: PasskeyOpening(
                    passkeys=passkeys, methods=policy.methods, unit_of_work=units
                ),
                ChallengePurpose.EMAIL_SIGN_IN: EmailOpening(
                    methods=policy.methods, unit_of_work=units
                ),
            },
            verified_only=verified_only,
        ),
        begin_totp=BeginTotp(
            enrolments=enrolments,
            challenges=challenges,
            clock=clock,
            randomness=randomness,
            issuer=policy.issuer,
        ),
        confirm_totp=ConfirmTotp(
            enrolments=enrolments,
            challenges=challenges,
            secret_box=kernel.secret_box,
            clock=clock,
            randomness=randomness,
        ),
        begin_passkey_sign_in=BeginPasskeySignIn(
            passkeys=passkeys,
            challenges=challenges,
            methods=policy.methods,
            clock=clock,
            randomness=randomness,
        ),
        begin_passkey=BeginPasskey(
            passkeys=passkeys,
            enrolments=enrolments,
            challenges=challenges,
            clock=clock,
            randomness=randomness,
        ),
        confirm_passkey=ConfirmPasskey(
            passkeys=passkeys,
            enrolments=enrolments,
            challenges=challenges,
            clock=clock,
            randomness=randomness,
        ),
        count_orphaned_passkeys=CountOrphanedPasskeys(passkeys=passkeys, unit_of_work=units),
        begin_step_up=BeginStepUp(askers=askers, proofs=proofs, clock=clock, randomness=randomness),
        step_up=StepUp(
            unit_of_work=units,
            askers=askers,
            challenges=challenges,
            proofs=proofs,
            checks=credentials.checks,
            guard=credentials.guard,
            factor_guard=guard,
            refresh=sessions.refresh,
            grants=sessions.grants,
            session_policy=sessions.policy,
            clock=clock,
            randomness=randomness,
            recorder=recorder,
        ),
        list=ListFactors(unit_of_work=units, usability=usability),
        rename=RenameFactor(unit_of_work=units, enrolments=enrolments, usability=usability),
        remove=RemoveFactor(
            unit_of_work=units,
            enrolments=enrolments,
            clock=clock,
            recorder=recorder,
            notifications=mail.notifications,
            guard=guard,
        ),
        renew_recovery_codes=RenewRecoveryCodes(
            unit_of_work=units,
            enrolments=enrolments,
            clock=clock,
            recorder=recorder,
            codes=codes,
        ),
        reset=ResetFactors(
            unit_of_work=units,
            freshness=kernel.freshness,
            clock=clock,
            recorder=recorder,
            notifications=mail.notifications,
            guard=guard,
        ),
        undo_first=UndoFirstFactor(
            unit_of_work=units,
            clock=clock,
            recorder=recorder,
            notifications=mail.notifications,
            secrets=credentials.secrets,
            guard=guard,
        ),
        renew_sealed=RenewSealedFactors(unit_of_work=units, secret_box=kernel.secret_box),
        list_devices=ListDevices(unit_of_work=units, trust=devices),
        forget_devices=ForgetDevices(unit_of_work=units, clock=clock, recorder=recorder),
        secret_checks={FIRST_FACTOR_ENROLLED: credentials.secrets.check_for(Purpose.FACTOR_UNDO)},
        owned=(
            FactorsData(unit_of_work=units, guard=guard),
            TrustedDevicesData(unit_of_work=units),
        ),
        purges=(
            purge_in(
                units,
                "challenges",
                lambda unit, limit: unit.spent_challenges.purge(now=clock.now(), limit=limit),
            ),
            purge_in(
                units,
                "trusted devices",
                lambda unit, limit: unit.devices.purge(now=clock.now(), limit=limit),
            ),
        ),
    )
