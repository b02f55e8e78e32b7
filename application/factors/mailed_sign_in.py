"""Signing in by mail: a code and a link, which count only where they were asked for.

The answer to the request has a challenge, and the mail has the code. Whoever reads the mail without
the challenge, a scanner that presses buttons too, gets nothing; and neither does whoever asked
without the mail.
"""

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from functools import partial

from application.audit.recording import Recorder
from application.factors.challenges import Challenges, IssuedChallenge
from application.factors.mailed_codes import binding_of, digest_of_code
from application.factors.mails import SIGN_IN_CODE
from application.factors.methods import SignInMethod, SignInMethods
from application.factors.openings import Opening
from application.factors.ports import FactorsUnit
from application.factors.proofs import Proof, ProofChecker, ProofKind, Proven
from application.mail.allowance import SIGN_IN_MAIL, MailAllowance
from application.mail.notifications import Notifications
from application.mail.request import MailRequestAnswer, Queue, RequestMail
from application.ports.clock import Clock, Randomness
from application.ports.crypto import Authenticator
from application.ports.unit_of_work import UnitOfWorkFactory
from domain.assurance import Evidence, Method
from domain.credentials.one_time_token import (
    InvalidToken,
    OneTimeToken,
    Purpose,
    digest_of,
    fresh_secret,
)
from domain.email_address import EmailAddress
from domain.factors.challenge import Challenge, ChallengePurpose
from domain.factors.events import SignInCodeRequested
from domain.factors.factor import Factor, InvalidProof
from domain.mail.code import code_of, is_code
from domain.origin import Origin
from domain.principal import ANONYMOUS
from domain.users.user import User, UserStatus

_BINDING = "binding"


class RequestSignInCode:
    """Have a code mailed. Tells the caller nothing about the address, not even by time (EN-1)."""

    def __init__(
        self,
        *,
        methods: SignInMethods,
        request: RequestMail,
        challenges: Challenges,
        clock: Clock,
        randomness: Randomness,
        ttl: timedelta,
    ) -> None:
        self._methods, self._request, self._challenges = methods, request, challenges
        self._clock, self._randomness, self._ttl = clock, randomness, ttl

    async def __call__(self, *, email: str, origin: Origin) -> IssuedChallenge:
        """Return the challenge with which the code counts.

        Raises SignInMethodOff, and ValidationFailed for no address.
        """
        self._methods.ensure_on(SignInMethod.EMAIL)
        address = EmailAddress.parse(email)
        challenge = Challenge.make(
            ChallengePurpose.EMAIL_SIGN_IN,
            now=self._clock.now(),
            entropy=self._randomness.token_bytes,
            ttl=self._ttl,
            payload=address.value.encode(),
        )
        asked = {_BINDING: binding_of(challenge)}
        await self._request(email=email, origin=origin, asked=asked)
        return IssuedChallenge(
            token=self._challenges.sealed(challenge), expires_at=challenge.expires_at
        )


class AnswerSignInCodeRequest(MailRequestAnswer[FactorsUnit]):
    """What asking for a code leads to: a mail, if the account may have one."""

    def __init__(
        self,
        *,
        unit_of_work: UnitOfWorkFactory[FactorsUnit],
        authenticator: Authenticator,
        notifications: Notifications,
        mail_allowance: MailAllowance,
        clock: Clock,
        randomness: Randomness,
        recorder: Recorder,
        ttl: timedelta,
    ) -> None:
        self._unit_of_work, self._authenticator = unit_of_work, authenticator
        self._notifications, self._mail_allowance = notifications, mail_allowance
        self._clock, self._randomness = clock, randomness
        self._recorder, self._ttl = recorder, ttl

    async def prepare(
        self, address: EmailAddress, asked: Mapping[str, str]
    ) -> Queue[FactorsUnit] | None:
        """Return what queues a mail, if the account is in good standing and within its limit."""
        binding = asked.get(_BINDING)
        async with self._unit_of_work.read_only() as unit:
            user = await unit.users.find_by_email(address)
        if user is None or user.status is UserStatus.SUSPENDED or binding is None:
            return None
        if not await self._mail_allowance(SIGN_IN_MAIL, user.email):
            return None
        return partial(self._queue, user, binding)

    async def _queue(self, user: User, binding: str, unit: FactorsUnit, origin: Origin) -> None:
        """Queue a mail with a fresh code, which replaces the older one."""
        now, secret = self._clock.now(), fresh_secret(self._randomness.token_bytes)
        digest = digest_of_code(
            self._authenticator, Purpose.SIGN_IN, binding=binding, code=code_of(secret)
        )
        record = OneTimeToken(
            user_id=user.id,
            purpose=Purpose.SIGN_IN,
            email=user.email,
            digest=digest,
            created_at=now,
            expires_at=now + self._ttl,
        )
        await unit.one_time_tokens.put(record)
        message = self._notifications.secret(
            SIGN_IN_CODE,
            user.email,
            secret=secret,
            now=max(now, self._clock.now()),
            ttl=self._ttl,
        )
        await unit.outbox.enqueue(message)
        event = SignInCodeRequested(user_id=user.id, occurred_at=now)
        await self._recorder.record(unit, event, actor=ANONYMOUS, origin=origin)


class EmailOpening(Opening):
    """Finds the account of the mailbox for which the code was asked."""

    def __init__(
        self, *, methods: SignInMethods, unit_of_work: UnitOfWorkFactory[FactorsUnit]
    ) -> None:
        self._methods, self._unit_of_work = methods, unit_of_work

    async def user_of(self, challenge: Challenge, proof: Proof) -> User | None:
        self._methods.ensure_on(SignInMethod.EMAIL)
        if proof.kind not in {ProofKind.EMAIL_CODE, ProofKind.EMAIL_TOKEN}:
            raise InvalidProof
        async with self._unit_of_work.read_only() as unit:
            return await unit.users.find_by_email(_mailbox_of(challenge))

    def mailbox_of(self, challenge: Challenge) -> EmailAddress | None:
        return _mailbox_of(challenge)


def _mailbox_of(challenge: Challenge) -> EmailAddress:
    return EmailAddress.parse(challenge.payload.decode())


class MailedCodeProofs(ProofChecker):
    """Checks a code or the secret of a link, with the very challenge that they were asked with.

    Never a second factor: the mailbox that can reset a password adds nothing to it.
    """

    def __init__(
        self, *, unit_of_work: UnitOfWorkFactory[FactorsUnit], authenticator: Authenticator
    ) -> None:
        self._unit_of_work, self._authenticator = unit_of_work, authenticator

    def offered(self, factors: Sequence[Factor]) -> bool:
        return False

    async def check(
        self,
        user: User,
        factors: Sequence[Factor],
        proof: Proof,
        challenge: Challenge | None,
        *,
        now: datetime,
    ) -> Proven:
        if challenge is None or challenge.purpose is not ChallengePurpose.EMAIL_SIGN_IN:
            raise InvalidProof
        digest = digest_of_code(
            self._authenticator,
            Purpose.SIGN_IN,
            binding=binding_of(challenge),
            code=_code_in(proof),
        )
        async with self._unit_of_work.read_only() as unit:
            record = await unit.one_time_tokens.find(digest)
        if record is None or record.user_id != user.id or now >= record.expires_at:
            raise InvalidProof
        if record.email.key != user.email.key:
            raise InvalidProof
        return Proven(
            evidence=Evidence.of(Method.EMAIL), mailed=digest, proves_address=not user.is_verified
        )


def _code_in(proof: Proof) -> str:
    """Return the code that was typed, or that of the link; raise InvalidProof for neither."""
    if proof.kind is ProofKind.EMAIL_CODE:
        if not is_code(proof.text):
            raise InvalidProof
        return proof.text
    try:
        digest_of(proof.text, Purpose.SIGN_IN)  # looks at its form
    except InvalidToken:
        raise InvalidProof from None
    return code_of(proof.text)
