"""Signing in and stepping up, put together."""

from collections.abc import Mapping
from functools import cached_property

from application.credentials.ports import CredentialsUnit
from application.factors.complete_sign_in import CompleteSignIn
from application.factors.mailed_sign_in import (
    AnswerSignInCodeRequest,
    EmailOpening,
    RequestSignInCode,
)
from application.factors.mails import SIGN_IN_CODE_REQUESTED
from application.factors.passkeys import BeginPasskeySignIn, PasskeyOpening
from application.factors.planted import PlantedAccess
from application.factors.ports import FactorsUnit
from application.factors.sign_in import SignIn, SignInDecisions
from application.factors.step_up import Askers, BeginStepUp, StepUp
from application.factors.wiring_ground import Ground
from application.mail.request import MailRequestAnswer, RequestMail
from domain.factors.challenge import ChallengePurpose
from domain.mail.message import MessageKind


class SigningIn[U: CredentialsUnit]:
    """Every way to begin a session, and to show more in one.

    Each is made when it is first asked for.
    """

    def __init__(self, ground: Ground[U]) -> None:
        self._ground = ground

    @cached_property
    def sign_in(self) -> SignIn:
        """Begin a session with address and password."""
        return SignIn(
            hasher=self._ground.credentials.hasher,
            checks=self._ground.credentials.checks,
            factor_guard=self._ground.guard,
            decisions=self._decisions,
            methods=self._ground.policy.methods,
            verified_only=self._ground.credentials.policy.verified_only,
        )

    @cached_property
    def complete_sign_in(self) -> CompleteSignIn:
        """Begin a session with a challenge and a proof."""
        return CompleteSignIn(
            unit_of_work=self._ground.units,
            methods=self._ground.policy.methods,
            challenges=self._ground.challenges,
            factor_guard=self._ground.guard,
            decisions=self._decisions,
            openings={
                ChallengePurpose.PASSKEY_SIGN_IN: PasskeyOpening(
                    passkeys=self._ground.passkeys,
                    methods=self._ground.policy.methods,
                    unit_of_work=self._ground.units,
                ),
                ChallengePurpose.EMAIL_SIGN_IN: EmailOpening(
                    methods=self._ground.policy.methods, unit_of_work=self._ground.units
                ),
            },
            verified_only=self._ground.credentials.policy.verified_only,
        )

    @cached_property
    def request_sign_in_code(self) -> RequestSignInCode:
        """Ask for a mailed code and link to sign in."""
        return RequestSignInCode(
            methods=self._ground.policy.methods,
            request=RequestMail(
                unit_of_work=self._ground.units,
                clock=self._ground.clock,
                notifications=self._ground.notifications,
                kind=SIGN_IN_CODE_REQUESTED,
            ),
            challenges=self._ground.challenges,
            clock=self._ground.clock,
            randomness=self._ground.randomness,
            ttl=self._ground.policy.sign_in_code_ttl,
        )

    @cached_property
    def answers(self) -> Mapping[MessageKind, MailRequestAnswer[FactorsUnit]]:
        """What answers the requests for mail, by their kind."""
        return {
            SIGN_IN_CODE_REQUESTED: AnswerSignInCodeRequest(
                unit_of_work=self._ground.units,
                authenticator=self._ground.authenticator,
                notifications=self._ground.notifications,
                mail_allowance=self._ground.mail_allowance,
                clock=self._ground.clock,
                randomness=self._ground.randomness,
                recorder=self._ground.recorder,
                ttl=self._ground.policy.sign_in_code_ttl,
            )
        }

    @cached_property
    def begin_passkey_sign_in(self) -> BeginPasskeySignIn:
        """Challenge any passkey."""
        return BeginPasskeySignIn(
            passkeys=self._ground.passkeys,
            challenges=self._ground.challenges,
            methods=self._ground.policy.methods,
            clock=self._ground.clock,
            randomness=self._ground.randomness,
        )

    @cached_property
    def begin_step_up(self) -> BeginStepUp:
        """Say what a session may show."""
        return BeginStepUp(
            askers=self._askers,
            proofs=self._ground.proofs,
            clock=self._ground.clock,
            randomness=self._ground.randomness,
        )

    @cached_property
    def step_up(self) -> StepUp:
        """Show it."""
        return StepUp(
            unit_of_work=self._ground.units,
            askers=self._askers,
            challenges=self._ground.challenges,
            proofs=self._ground.proofs,
            checks=self._ground.credentials.checks,
            guard=self._ground.credentials.guard,
            factor_guard=self._ground.guard,
            refresh=self._ground.sessions.refresh,
            grants=self._ground.sessions.grants,
            session_policy=self._ground.sessions.policy,
            clock=self._ground.clock,
            randomness=self._ground.randomness,
            recorder=self._ground.recorder,
        )

    @cached_property
    def _decisions(self) -> SignInDecisions:
        return SignInDecisions(
            unit_of_work=self._ground.units,
            clock=self._ground.clock,
            randomness=self._ground.randomness,
            recorder=self._ground.recorder,
            guard=self._ground.credentials.guard,
            factor_guard=self._ground.guard,
            proofs=self._ground.proofs,
            session_starts=self._ground.sessions.starts,
            devices=self._ground.devices,
            forget_planted=PlantedAccess(notifications=self._ground.notifications),
        )

    @cached_property
    def _askers(self) -> Askers:
        return Askers(unit_of_work=self._ground.units, clock=self._ground.clock)
