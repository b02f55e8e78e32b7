"""All that is up while it is measured: the servers, and who has a session there."""

from collections.abc import Callable
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path

from benchmarks.arena import Arena, House, peer_token, public_key
from benchmarks.keys import Keys, made_for
from benchmarks.measures import Turn
from benchmarks.processes import ROOT, Server

OURS, BEFORE = "Doorward", "before"
_TO_TWO = 32
"""So many connections that neither of two processes gets few of them: Linux deals by a hash."""
FLOOR, PEER = "floor", "fastapi-users"


@dataclass(frozen=True, slots=True)
class Plan:
    """How long to look."""

    rounds: int = 8
    seconds: float = 1.0
    hashing_rounds: int = 6
    hashing_seconds: float = 2.0
    meanwhile_seconds: float = 9.0
    unseen_tokens: int = 3200
    """In each turn."""
    unseen_rounds: int = 5
    users: int = 300_000
    more_until_second: float = 320.0
    """When no round is added any more."""


QUICK = Plan(3, 0.6, 2, 1.5, 5.0, 960, 3, 20_000, 0.0)
"""Says in a minute or two whether something is very wrong."""


@dataclass(frozen=True, slots=True)
class Stage:
    """The servers, all of them up; who has no turn sleeps."""

    arena: Arena
    plan: Plan
    houses: dict[str, House]
    """Doorward, and the same of the other tree if there is one."""
    two: House
    """Doorward in two processes, with cores of their own where there are enough."""
    floor: Server
    peer: Server
    peer_token: str
    keys: Keys
    """Of the people in Doorward's house, and of a product."""

    def each(self, turn: Callable[[House], Turn]) -> dict[str, Turn]:
        """Return a turn for Doorward, and one for the other tree if there is one."""
        return {name: turn(house) for name, house in self.houses.items()}

    @property
    def trees(self) -> dict[str, Path]:
        """Where Doorward stands, and the other tree if there is one."""
        return trees(self.arena)


async def opened(arena: Arena, plan: Plan, up: ExitStack) -> Stage:
    """Start the servers and make the accounts."""
    houses = {}
    for name, tree in trees(arena).items():
        server = up.enter_context(arena.doorward(tree))
        houses[name] = await arena.inhabit(server, arena.database_of(tree))
    two = up.enter_context(arena.doorward(ROOT, "--workers", "2", cores=arena.cores.two))
    two_house = await arena.inhabit(two, arena.database_of(ROOT), people=0, sessions=_TO_TWO)
    peer = up.enter_context(arena.peer())
    floor = up.enter_context(arena.floor(public_key(houses[OURS].server)))
    emails = [each.email for each in houses[OURS].people]
    keys = await made_for(arena.database_of(ROOT), emails)
    return Stage(arena, plan, houses, two_house, floor, peer, peer_token(peer), keys)


def trees(arena: Arena) -> dict[str, Path]:
    """Return where Doorward stands, and the other tree if there is one, the older one first."""
    return ({BEFORE: arena.beside} if arena.beside else {}) | {OURS: ROOT}
