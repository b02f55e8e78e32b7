"""Evaluating a password, wherever one is asked for (RL-1).

Three steps, and no unit of work is open during the slow one: reserve a guess (and commit it, so
that no crash and no parallel request gives it back), evaluate it, and let the caller record the
result.
"""

from dataclasses import dataclass

from application.audit.recording import Recorder
from application.credentials.attempts import AttemptGuard
from application.credentials.ports import Busy, CredentialsUnit, Guessed, PasswordHasher
from application.ports.clock import Clock
from application.ports.unit_of_work import UnitOfWorkFactory
from domain.credentials.password import PasswordCredential
from domain.credentials.password_policy import LONGEST_EVER, normalise_password
from domain.credentials.sign_in_attempts import attempt_key
from domain.email_address import EmailAddress
from domain.errors import ConcurrentChange, DomainError
from domain.origin import Origin
from domain.principal import Principal
from domain.sessions.events import SessionRefused
from domain.users.user import User


class PasswordGuess:
    """A password that a caller gave once, and what it was found to be, over all retries.

    It is counted and evaluated once for each hash that it meets, and once where there is none: a
    retry that finds the credential as it was knows the answer already.
    """

    def __init__(self, password: str) -> None:
        self.password = normalise_password(password)
        self._answers: dict[str | None, bool] = {}

    @property
    def is_new(self) -> bool:
        """Whether it was never evaluated."""
        return not self._answers

    def answer(self, credential: PasswordCredential | None) -> bool | None:
        """Return whether it is right, or None if it was not evaluated with this hash."""
        return self._answers.get(_hash_of(credential))

    def note(self, credential: PasswordCredential | None, *, is_right: bool) -> None:
        """Keep the answer."""
        self._answers[_hash_of(credential)] = is_right


@dataclass(frozen=True, slots=True)
class PasswordCheck:
    """The user and the credential that were found, if any, and whether the password was right."""

    user: User | None
    credential: PasswordCredential | None
    is_right: bool


class PasswordChecks:
    """Takes one guess at an address's password, and records a refusal."""

    def __init__(
        self,
        *,
        unit_of_work: UnitOfWorkFactory[CredentialsUnit],
        hasher: PasswordHasher,
        clock: Clock,
        recorder: Recorder,
        guard: AttemptGuard,
    ) -> None:
        self._unit_of_work = unit_of_work
        self._hasher = hasher
        self._clock = clock
        self._recorder = recorder
        self._guard = guard

    async def evaluate(
        self, address: EmailAddress, guess: PasswordGuess, *, actor: Principal, origin: Origin
    ) -> PasswordCheck:
        """Return the result of the guess; it stays counted until ``AttemptGuard.forgive``.

        User and credential are as they are now, also where the answer is known from before.
        Raises TooManyRequests, alike for existing and missing accounts, and Busy.
        """
        if not guess.is_new and (known := await self._known(address, guess)) is not None:
            return known
        user, credential = await self._reserve(address, actor, origin)
        try:
            is_right = await self._is_right(guess.password, credential)
        except Busy:
            await self._give_back(address)
            raise
        guess.note(credential, is_right=is_right)
        return PasswordCheck(user, credential, is_right)

    async def refusal[E: DomainError](
        self,
        error: E,
        *,
        user: User | None,
        actor: Principal,
        origin: Origin,
        forgive: EmailAddress | None = None,
    ) -> E:
        """Record the refusal, commit, and return it for the caller to raise (F2)."""
        user_id, now = user.id if user else None, self._clock.now()
        event = SessionRefused(user_id=user_id, because=error.code, occurred_at=now)
        async with self._unit_of_work() as unit:
            if forgive is not None:
                await self._guard.forgive(unit, forgive)
            await self._recorder.record(unit, event, actor=actor, origin=origin)
            await unit.commit()
        return error

    async def _known(self, address: EmailAddress, guess: PasswordGuess) -> PasswordCheck | None:
        """Return the answer if this credential has been guessed at already."""
        async with self._unit_of_work.read_only() as unit:
            user, credential = await _find(unit, address)
        is_right = guess.answer(credential)
        return None if is_right is None else PasswordCheck(user, credential, is_right)

    async def _reserve(
        self, address: EmailAddress, actor: Principal, origin: Origin
    ) -> tuple[User | None, PasswordCredential | None]:
        try:
            guessed = await self._take_guess(address, actor, origin, held=False)
        except ConcurrentChange:
            # Another guess at this address was counted meanwhile: now this one waits its turn.
            guessed = await self._take_guess(address, actor, origin, held=True)
        return guessed.user, guessed.credential

    async def _take_guess(
        self, address: EmailAddress, actor: Principal, origin: Origin, *, held: bool
    ) -> Guessed:
        key = attempt_key(address)
        async with self._unit_of_work() as unit:
            if held:
                await unit.attempts.hold(key)
            guessed = await unit.attempts.look_up(address, key)
            refusal = await self._guard.reserve(unit, guessed, actor=actor, origin=origin)
            await unit.commit()
        if refusal is not None:
            raise refusal
        return guessed

    async def _give_back(self, address: EmailAddress) -> None:
        """Take the reservation back: nothing was evaluated, so nothing was guessed."""
        async with self._unit_of_work() as unit:
            await self._guard.give_back(unit, address)
            await unit.commit()

    async def _is_right(self, password: str, credential: PasswordCredential | None) -> bool:
        # A password that could never have been set is not worth a hash (PW-2). The policy may
        # have become shorter since, so it is not asked.
        if len(password) > LONGEST_EVER:
            return False
        if credential is None:
            await self._hasher.verify_decoy(password)
            return False
        return await self._hasher.verify(password, credential.hash)


def _hash_of(credential: PasswordCredential | None) -> str | None:
    return None if credential is None else credential.hash


async def _find(
    unit: CredentialsUnit, address: EmailAddress
) -> tuple[User | None, PasswordCredential | None]:
    """Return both, the user read first: no credential is older than that version of the user."""
    user = await unit.users.find_by_email(address)
    return user, await unit.credentials.get(user.id) if user else None
