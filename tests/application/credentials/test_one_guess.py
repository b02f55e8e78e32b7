"""One call takes one guess at a password, however often it has to start again (RL-1, RL-2)."""

from collections.abc import Awaitable, Callable
from itertools import product

import pytest

from adapters.memory.audit.trail import MemoryAuditTrail
from adapters.memory.credentials.attempts import ATTEMPTS
from adapters.memory.users.users import MemoryUserRepository
from application.credentials.reauthentication import WrongPassword
from application.factors.sign_in import InvalidCredentials
from application.sessions.token_grants import TokenGrant
from domain.errors import ConcurrentChange
from domain.sessions.session import SessionIsOver
from domain.users.user import UserIsSuspended
from tests.application.doubles import InterruptingHasher, overtake
from tests.application.stories import ADA, OTHER_PASSWORD, PASSWORD, Service, kinds

type Deed = Callable[[Service, TokenGrant, str], Awaitable[object]]

DEEDS: dict[str, Deed] = {
    "sign in": lambda service, _, password: service.sign_in(ADA, password),
    "change the password": lambda service, grant, password: service.change_password(
        grant, password, "a password of another kind"
    ),
    "ask to move": lambda service, grant, password: service.ask_to_move(
        grant, "new@example.com", password
    ),
    "erase the account": lambda service, grant, password: service.erase_own_account(
        grant, password
    ),
}
every_deed = pytest.mark.parametrize("deed", DEEDS.values(), ids=DEEDS)


class Scene:
    """Ada, signed in. Where one guess is the limit, each guess that is taken leaves a row."""

    def __init__(self, *, attempts: int = 1) -> None:
        self.hasher = InterruptingHasher()
        self.service = Service(hasher=self.hasher, attempts=attempts)

    async def begin(self) -> TokenGrant:
        """Sign Ada in, and count from here."""
        self.grant = await self.service.signed_in_user()
        self._evaluated, self._taken = self.hasher.evaluations, self._guesses()
        return self.grant

    @property
    def evaluated(self) -> int:
        """How many guesses were evaluated since."""
        return self.hasher.evaluations - self._evaluated

    @property
    def taken(self) -> int:
        """How many guesses were counted since."""
        return self._guesses() - self._taken

    async def rename(self) -> None:
        """Do what has nothing to do with a password, and yet saves the user."""
        name = self.service.user().display_name or ""
        await self.service.rename(self.grant, name + "a")

    def _guesses(self) -> int:
        return len(self.service.audited("user.locked", "attempts.limited"))


@every_deed
async def test_a_change_that_does_not_matter_costs_no_second_guess(deed: Deed) -> None:
    """RL-2: the owner is not locked out by a change of name in the same moment."""
    scene = Scene()
    grant = await scene.begin()
    scene.hasher.meanwhile = scene.rename
    await deed(scene.service, grant, PASSWORD)
    assert (scene.evaluated, scene.taken) == (1, 1)
    assert scene.service.store.committed(ATTEMPTS).rows == {}
    assert scene.service.audited("session.refused") == []


@every_deed
async def test_nor_do_many_of_them(deed: Deed, monkeypatch: pytest.MonkeyPatch) -> None:
    """RL-1: each time at the very moment of the write; and no new password is hashed twice."""
    scene = Scene()
    grant = await scene.begin()
    hashes = scene.hasher.hashes
    for method in ("save", "record_sign_in"):
        overtake(monkeypatch, MemoryUserRepository, method, scene.rename, times=7)
    await deed(scene.service, grant, PASSWORD)
    assert (scene.evaluated, scene.taken) == (1, 1)
    assert scene.hasher.hashes - hashes <= 1
    assert scene.service.store.committed(ATTEMPTS).rows == {}


async def test_two_sign_ins_around_a_change_of_name_take_a_guess_each() -> None:
    hasher = InterruptingHasher()
    service = Service(hasher=hasher)
    grant = await service.signed_in_user()
    evaluations = hasher.evaluations

    async def change_the_name_and_sign_in() -> None:
        await service.rename(grant, "Countess")
        await service.sign_in()

    hasher.meanwhile = change_the_name_and_sign_in
    await service.sign_in()
    assert hasher.evaluations - evaluations == 2
    assert len(service.living()) == 3


@pytest.mark.parametrize(
    "deed",
    [*DEEDS.values(), lambda service, _, password: service.sign_in("no@example.com", password)],
    ids=[*DEEDS, "sign in without an account"],
)
async def test_a_refusal_that_has_to_be_written_again_takes_no_second_guess(
    deed: Deed, monkeypatch: pytest.MonkeyPatch
) -> None:
    """RL-1, EN-1: a wrong password is evaluated once, with and without an account."""
    scene = Scene(attempts=9)
    grant = await scene.begin()

    async def lose_a_race() -> None:
        raise ConcurrentChange

    overtake(monkeypatch, MemoryAuditTrail, "append", lose_a_race, times=3)
    with pytest.raises((InvalidCredentials, WrongPassword)):
        await deed(scene.service, grant, OTHER_PASSWORD)
    assert scene.evaluated == 1
    [attempts] = scene.service.store.committed(ATTEMPTS).rows.values()
    assert attempts.failures == 1
    assert kinds(scene.service.audited("session.refused")) == ["session.refused"]


@every_deed
async def test_another_password_meanwhile_is_another_guess_and_a_wrong_one(deed: Deed) -> None:
    """AT-6, RF-4: what was right when it was read counts for nothing after a reset."""
    scene = Scene()
    grant = await scene.begin()
    token = await scene.service.forgotten_password()
    scene.hasher.meanwhile = lambda: scene.service.reset_password(token)
    with pytest.raises((InvalidCredentials, WrongPassword)):
        await deed(scene.service, grant, PASSWORD)
    assert (scene.evaluated, scene.taken) == (2, 2)
    assert scene.service.living() == []
    assert scene.service.audited("password.changed", "email.change_requested", "user.erased") == []


@every_deed
async def test_the_same_password_under_another_hash_is_right_again(deed: Deed) -> None:
    """PW-1: a sign-in meanwhile has hashed it anew."""
    scene = Scene(attempts=9)
    grant = await scene.begin()

    async def hash_anew() -> None:
        scene.hasher.version += 1
        await scene.service.sign_in()

    scene.hasher.meanwhile = hash_anew
    await deed(scene.service, grant, PASSWORD)
    assert scene.evaluated <= 3
    assert scene.service.audited("session.refused") == []


async def suspend(service: Service) -> None:
    """Suspend Ada, with all that belongs to it."""
    await service.operator_suspends(service.user())


@every_deed
async def test_a_suspension_meanwhile_stops_it(deed: Deed) -> None:
    """RF-4, SE-1: while the password is evaluated; and the guess is not taken again."""
    scene = Scene()
    grant = await scene.begin()
    scene.hasher.meanwhile = lambda: suspend(scene.service)
    await is_stopped(scene, deed, grant)
    assert scene.evaluated == 1


@pytest.mark.parametrize(
    ("name", "method"),
    [
        *product(["sign in"], ["find_by_email", "record_sign_in"]),
        *product([name for name in DEEDS if name != "sign in"], ["get", "find_by_email", "save"]),
    ],
)
async def test_a_suspension_at_any_other_moment_stops_it_too(
    name: str, method: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """RF-4, SE-1: before each time that the user is read or written."""
    scene = Scene()
    grant = await scene.begin()
    overtake(monkeypatch, MemoryUserRepository, method, lambda: suspend(scene.service))
    await is_stopped(scene, DEEDS[name], grant)


async def is_stopped(scene: Scene, deed: Deed, grant: TokenGrant) -> None:
    """Check that the deed is refused for the suspension, and has had no effect."""
    with pytest.raises((UserIsSuspended, SessionIsOver)):
        await deed(scene.service, grant, PASSWORD)
    assert scene.evaluated <= 1
    assert scene.service.user().suspended_at is not None
    assert scene.service.living() == []
    done = ("session.started", "password.changed", "email.change_requested", "user.erased")
    assert kinds(scene.service.audited(*done)) == ["session.started"]
