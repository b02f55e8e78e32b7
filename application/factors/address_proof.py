"""The mailbox as a second witness, before the first factor of somebody whose roles sleep (MF-2).

A role that asks for a level wakes with the first factor. If a password were enough to add that
factor, a stolen one would give what the role was guarded for.
"""

from collections.abc import Sequence

from application.factors.guard import FactorGuard
from application.factors.mailed_codes import binding_of, digest_of_code
from application.factors.mails import ENROLMENT_CODE
from application.factors.ports import FactorsUnit
from application.mail.allowance import ENROLMENT_MAIL, MailAllowance
from application.mail.notifications import Notifications
from application.ports.clock import Clock, Randomness
from application.ports.crypto import Authenticator
from application.ports.unit_of_work import UnitOfWorkFactory
from domain.credentials.one_time_token import OneTimeToken, Purpose, fresh_secret
from domain.errors import ValidationFailed
from domain.factors.challenge import CHALLENGE_TTL, Challenge
from domain.factors.factor import Factor, InvalidProof, is_second
from domain.mail.code import code_of, is_code
from domain.origin import Origin
from domain.principal import Principal
from domain.users.user import User


def is_needed(principal: Principal, factors: Sequence[Factor]) -> bool:
    """Tell whether a factor that is added now would be the first, and wake a role."""
    return bool(principal.dormant) and not any(is_second(factor) for factor in factors)


class AddressProofs:
    """Mails a code at the beginning of an enrolment, and takes it at its end."""

    def __init__(
        self,
        *,
        unit_of_work: UnitOfWorkFactory[FactorsUnit],
        authenticator: Authenticator,
        notifications: Notifications,
        allowance: MailAllowance,
        guard: FactorGuard,
        clock: Clock,
        randomness: Randomness,
    ) -> None:
        self._unit_of_work, self._authenticator = unit_of_work, authenticator
        self._notifications, self._allowance = notifications, allowance
        self._guard, self._clock, self._randomness = guard, clock, randomness

    async def ask(self, user: User, challenge: Challenge) -> None:
        """Mail a code that counts together with this challenge, in place of any older one.

        Nothing is mailed to a mailbox that has had too many.
        """
        if not await self._allowance(ENROLMENT_MAIL, user.email):
            return
        now, secret = self._clock.now(), fresh_secret(self._randomness.token_bytes)
        record = OneTimeToken(
            user_id=user.id,
            purpose=Purpose.FACTOR_ENROLMENT,
            email=user.email,
            digest=self._digest(challenge, code_of(secret)),
            created_at=now,
            expires_at=challenge.expires_at,
        )
        async with self._unit_of_work() as unit:
            await unit.one_time_tokens.put(record)
            message = self._notifications.secret(
                ENROLMENT_CODE,
                user.email,
                secret=secret,
                now=max(now, self._clock.now()),
                ttl=CHALLENGE_TTL,
            )
            await unit.outbox.enqueue(message)
            await unit.commit()

    async def reserve(
        self, user: User, code: str | None, *, principal: Principal, origin: Origin
    ) -> str:
        """Return the code, for which a guess was counted; raise ValidationFailed if it is missing.

        Raises TooManyRequests.
        """
        if code is None:
            message = "A code was mailed to you. Send it along."
            raise ValidationFailed.of("email_code", "MISSING", message)
        await self._guard.reserve(user, actor=principal, origin=origin)
        return code

    async def take(self, unit: FactorsUnit, user: User, challenge: Challenge, code: str) -> None:
        """Spend the code; raise InvalidProof if it is not the one that was mailed for this."""
        if not is_code(code):
            raise InvalidProof
        record = await unit.one_time_tokens.take(self._digest(challenge, code))
        if record is None or record.user_id != user.id or self._clock.now() >= record.expires_at:
            raise InvalidProof
        if record.email.key != user.email.key:
            raise InvalidProof
        await self._guard.forgive(unit, user.id)

    async def refusal(self, user: User, *, principal: Principal, origin: Origin) -> InvalidProof:
        """Record that the code was wrong, and return the error."""
        return await self._guard.refusal(user, "email_code", actor=principal, origin=origin)

    def _digest(self, challenge: Challenge, code: str) -> bytes:
        purpose, binding = Purpose.FACTOR_ENROLMENT, binding_of(challenge)
        return digest_of_code(self._authenticator, purpose, binding=binding, code=code)
