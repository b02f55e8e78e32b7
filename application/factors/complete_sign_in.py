"""Signing in with a challenge and a proof: the second request, or one without a password at all."""

from collections.abc import Mapping
from typing import Final

from application.factors.challenges import Challenges
from application.factors.guard import FactorGuard
from application.factors.methods import SignInMethod, SignInMethods
from application.factors.openings import Opening
from application.factors.ports import FactorsUnit
from application.factors.proofs import Proof
from application.factors.sign_in import Shown, SignInDecisions
from application.ports.unit_of_work import UnitOfWorkFactory
from application.retrying import retry_on_conflict
from application.sessions.token_grants import TokenGrant
from domain.assurance import Evidence, Method
from domain.factors.challenge import Challenge, ChallengePurpose, InvalidChallenge
from domain.origin import Origin
from domain.principal import ANONYMOUS
from domain.users.user import User

_BEGUN_BY: Final[Mapping[Method, SignInMethod]] = {
    Method.PASSWORD: SignInMethod.PASSWORD,
    Method.EMAIL: SignInMethod.EMAIL,
}
"""What a challenge for a second factor may stand for."""


class CompleteSignIn:
    """Start a session with a challenge, which stands for what was shown before, and a proof."""

    def __init__(
        self,
        *,
        unit_of_work: UnitOfWorkFactory[FactorsUnit],
        challenges: Challenges,
        factor_guard: FactorGuard,
        decisions: SignInDecisions,
        openings: Mapping[ChallengePurpose, Opening],
        methods: SignInMethods,
        verified_only: bool,
    ) -> None:
        self._methods = methods
        self._unit_of_work, self._challenges = unit_of_work, challenges
        self._factor_guard, self._decisions = factor_guard, decisions
        self._openings, self._verified_only = openings, verified_only

    async def __call__(
        self,
        *,
        challenge: str,
        proof: Proof,
        origin: Origin,
        device_token: str | None = None,
        remember_device: bool = False,
    ) -> TokenGrant:
        """Return both tokens of a new session.

        With ``remember_device`` and a second factor the device is trusted from then on, in the
        place of one that has brought ``device_token``, which proves nothing here.

        Raises InvalidChallenge for one that is wrong, used or old, and when the account changed
        since it was made; InvalidProof and TooManyRequests, counted per account over all doors;
        SecondFactorRequired where the proof is right and the account takes more; EmailNotVerified
        and UserIsSuspended only after a right proof. Raises SignInMethodOff where what the
        challenge stands for, or is for, has been switched off.
        """
        read = self._challenges.read_one_of(challenge, ChallengePurpose.SIGN_IN, *self._openings)
        for shown_method in read.shown & _BEGUN_BY.keys():
            self._methods.ensure_on(_BEGUN_BY[shown_method])
        opening = self._openings.get(read.purpose)
        mailbox = opening.mailbox_of(read) if opening is not None else None
        reserved = False

        async def complete() -> TokenGrant:
            nonlocal reserved
            if mailbox is not None and not reserved:
                await self._factor_guard.reserve_at_mailbox(mailbox)
            user = await self._user_of(read, proof, origin)
            if mailbox is None and not reserved:
                await self._factor_guard.reserve(user, actor=ANONYMOUS, origin=origin)
            reserved = True
            proven = await self._decisions.prove(user, proof, read, origin=origin)
            is_unproven = self._verified_only and not proven.proves_address
            await self._factor_guard.admit(user, verified_only=is_unproven, origin=origin)
            shown = Shown(
                user=user,
                evidence=Evidence(read.shown).and_also(proven.evidence),
                proven=proven,
                challenge=read,
                remember=remember_device,
                device_token=device_token,
            )
            return await self._decisions.conclude(shown, origin=origin)

        return await retry_on_conflict(complete)

    async def _user_of(self, challenge: Challenge, proof: Proof, origin: Origin) -> User:
        opening = self._openings.get(challenge.purpose)
        if opening is not None:
            user = await opening.user_of(challenge, proof)
            if user is not None:
                return user
            mailbox = opening.mailbox_of(challenge)
            if mailbox is not None:
                raise await self._decisions.refuse_stranger(
                    mailbox, proof, challenge, origin=origin
                )
            raise await self._factor_guard.refusal(
                None, proof.kind.value, actor=ANONYMOUS, origin=origin
            )
        async with self._unit_of_work.read_only() as unit:
            user = await unit.users.get(challenge.user_id) if challenge.user_id else None
        if user is None or user.version != challenge.account_version:
            raise InvalidChallenge
        return user
