"""What is measured, and the goals: a work for each, and with it the rows that are made of it.

To add one, write a function that returns the turns of its contenders, beside those here, and give
it a place in :data:`WORKS` with its rows. The contender ``Doorward`` has to be among them;
``stage.each`` makes its turn, and that of the other tree where ``--beside`` names one.
"""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path

from benchmarks.arena import (
    CONNECTIONS,
    COSTS,
    PEOPLE,
    House,
    SigningUp,
    get,
    reading,
    refreshing,
    signing_in,
    signing_in_to_peer,
)
from benchmarks.judgement import Goal
from benchmarks.load import Caller, Once
from benchmarks.measures import (
    Turn,
    asking_meanwhile,
    hashing,
    serving,
    serving_batches,
    starting,
)
from benchmarks.rows import (
    CORES_BUSY,
    LATENCY,
    MEMORY,
    PER_CPU_SECOND,
    PER_SECOND,
    START,
    START_CPU,
    Absolute,
    Beside,
    Line,
)
from benchmarks.stage import FLOOR, OURS, PEER, Stage

ARGON2 = "bare argon2"
ONE = "one process"
SHORT_FLOOR = "floor in two round trips"
_ME = "/api/v1/users/me"
_REFRESH = "/api/v1/sessions/refresh"
_PROBES_PER_SECOND = 40


class Kind(StrEnum):
    """How many rounds a work gets, and whether more of them may follow."""

    SHORT = "short"
    HASHING = "hashing"
    GIVEN = "given"
    """As many turns as its tokens last for, and no more."""
    ONCE = "once"
    """One turn, which gives many samples."""


@dataclass(frozen=True, slots=True)
class Work:
    """One kind of request, who does it in turns, and the rows that come of it."""

    name: str
    kind: Kind
    contenders: Callable[[Stage], Awaitable[Mapping[str, Turn]]]
    lines: tuple[Line, ...]


# --- start, memory ---------------------------------------------------------------------------


async def _start(stage: Stage) -> Mapping[str, Turn]:
    def turn(tree: Path) -> Turn:
        return starting(lambda: stage.arena.doorward(tree))

    return {name: turn(tree) for name, tree in stage.trees.items()} | {
        PEER: starting(stage.arena.peer)
    }


# --- sessions --------------------------------------------------------------------------------


async def _me(stage: Stage) -> Mapping[str, Turn]:
    seconds = stage.plan.seconds
    people = stage.houses[OURS].people
    floors = [reading("/me", each.access_token, each.email) for each in people]
    peers = [reading("/users/me", stage.peer_token, "person0@example.com") for _ in people]
    return stage.each(lambda house: reading_me(house, seconds)) | {
        FLOOR: serving(stage.floor, floors, seconds=seconds),
        PEER: serving(stage.peer, peers, seconds=seconds),
    }


async def _refresh(stage: Stage) -> Mapping[str, Turn]:
    seconds = stage.plan.seconds
    floors = {FLOOR: "/refresh", SHORT_FLOOR: "/refresh/two-statements"}
    turns = stage.each(lambda house: refreshing_all(house, seconds))
    for name, path in floors.items():
        tokens = await stage.arena.floor_tokens()
        callers = [refreshing(path, token) for token in tokens]
        turns[name] = serving(stage.floor, callers, seconds=seconds)
    return turns


async def _unseen(stage: Stage) -> Mapping[str, Turn]:
    """Ask with the tokens that refreshing has brought: nobody has verified them before."""

    def batches(house: House, path: str, share: int) -> list[list[Once]]:
        expected = [f'"email":"{person.email}"'.encode() for person in house.people]
        return [
            [
                Once(
                    [get(path, token) for token in tokens[at * share : (at + 1) * share]],
                    expected=each,
                )
                for each, tokens in zip(expected, house.access_tokens, strict=True)
            ]
            for at in range(rounds)
        ]

    rounds = stage.plan.unseen_rounds
    kept = [len(tokens) for house in stage.houses.values() for tokens in house.access_tokens]
    share = min(stage.plan.unseen_tokens // CONNECTIONS, min(kept) // rounds)
    turns = stage.each(lambda house: serving_batches(house.server, batches(house, _ME, share)))
    ours = stage.houses[OURS]
    return turns | {FLOOR: serving_batches(stage.floor, batches(ours, "/me", share))}


def reading_me(house: House, seconds: float) -> Turn:
    """Return the turn in which everybody in the house reads who they are."""
    callers = [reading(_ME, each.access_token, each.email) for each in house.people]
    return serving(house.server, callers, seconds=seconds)


def refreshing_all(house: House, seconds: float) -> Turn:
    """Return the turn in which everybody in the house refreshes their session."""
    callers = [
        refreshing(_REFRESH, person.refresh_token, kept=tokens)
        for person, tokens in zip(house.people, house.access_tokens, strict=True)
    ]
    return serving(house.server, callers, seconds=seconds)


# --- passwords -------------------------------------------------------------------------------


async def _sign_in(stage: Stage) -> Mapping[str, Turn]:
    seconds = stage.plan.hashing_seconds
    busy = [signing_in(number) for number in range(PEOPLE)]
    peers = [signing_in_to_peer() for _ in busy]
    return stage.each(lambda house: serving(house.server, busy, seconds=seconds)) | {
        ARGON2: hashing("verify", stage.arena.cores.server, COSTS, seconds=seconds),
        PEER: serving(stage.peer, peers, seconds=seconds),
    }


async def _meanwhile(stage: Stage) -> Mapping[str, Turn]:
    busy = [signing_in(number) for number in range(PEOPLE)]

    def turn(house: House) -> Turn:
        person = house.people[0]
        return asking_meanwhile(
            house.server,
            busy,
            reading(_ME, person.access_token, person.email),
            seconds=stage.plan.meanwhile_seconds,
            per_second=_PROBES_PER_SECOND,
        )

    return stage.each(turn)


async def _sign_up(stage: Stage) -> Mapping[str, Turn]:
    seconds = stage.plan.hashing_seconds

    def turn(house: House) -> Turn:
        callers = [SigningUp(f"new{number}") for number in range(PEOPLE)]
        return serving(house.server, callers, seconds=seconds)

    return stage.each(turn) | {
        ARGON2: hashing("hash", stage.arena.cores.server, COSTS, seconds=seconds)
    }


# --- two processes ---------------------------------------------------------------------------


def _one_and_two(stage: Stage, callers: Sequence[Caller]) -> dict[str, Turn]:
    """Return the turns of two processes and of one, asked by the same callers."""
    seconds = stage.plan.seconds
    return {
        OURS: serving(stage.two.server, callers, seconds=seconds),
        ONE: serving(stage.houses[OURS].server, callers, seconds=seconds),
    }


async def _me_of_two(stage: Stage) -> Mapping[str, Turn]:
    people = stage.two.people
    return _one_and_two(stage, [reading(_ME, one.access_token, one.email) for one in people])


async def _refresh_of_two(stage: Stage) -> Mapping[str, Turn]:
    tokens = [person.refresh_token for person in stage.two.people]
    return _one_and_two(stage, [refreshing(_REFRESH, token) for token in tokens])


async def _sign_in_of_two(stage: Stage) -> Mapping[str, Turn]:
    seconds, both = stage.plan.hashing_seconds, stage.arena.cores.two
    return {
        OURS: serving(stage.two.server, _SIGNING_IN_TO_TWO, seconds=seconds),
        ARGON2: hashing("verify", both, COSTS, seconds=seconds),
    }


async def _meanwhile_of_two(stage: Stage) -> Mapping[str, Turn]:
    person = stage.two.people[0]
    return {
        OURS: asking_meanwhile(
            stage.two.server,
            _SIGNING_IN_TO_TWO,
            reading(_ME, person.access_token, person.email),
            seconds=stage.plan.meanwhile_seconds,
            per_second=_PROBES_PER_SECOND,
        )
    }


_SIGNING_IN_TO_TWO = [signing_in(number % PEOPLE) for number in range(2 * PEOPLE)]

WORKS = (
    Work(
        "start",
        Kind.SHORT,
        _start,
        (
            Beside("start, against the peer", PEER, START, Goal(0.6, at_most=True)),
            Beside("start, processor time", PEER, START_CPU),
            Absolute("start", START, "s", Goal(1.0, 0.6, at_most=True)),
            Beside("idle memory, against the peer", PEER, MEMORY, Goal(0.9, at_most=True)),
            Absolute("idle memory", MEMORY, "MB", Goal(100, 70, at_most=True)),
        ),
    ),
    Work(
        "me",
        Kind.SHORT,
        _me,
        (
            Beside("me, per CPU second", FLOOR, PER_CPU_SECOND, Goal(0.8)),
            Beside("me, against the peer", PEER, PER_CPU_SECOND, Goal(5.0)),
        ),
    ),
    Work(
        "refresh",
        Kind.SHORT,
        _refresh,
        (
            Beside("refresh, per CPU second", FLOOR, PER_CPU_SECOND, Goal(0.5)),
            Beside("refresh, the same writes", SHORT_FLOOR, PER_CPU_SECOND),
        ),
    ),
    Work(
        "me, unseen tokens",
        Kind.GIVEN,
        _unseen,
        (Beside("me, each token for the first time", FLOOR, PER_CPU_SECOND),),
    ),
    Work(
        "sign-in",
        Kind.HASHING,
        _sign_in,
        (
            Beside("sign-in, saturated", ARGON2, PER_SECOND, Goal(0.98)),
            Beside("sign-in, per CPU second", ARGON2, PER_CPU_SECOND, Goal(0.98)),
            Beside("sign-in, against the peer", PEER, PER_SECOND),
        ),
    ),
    Work(
        "me, while sign-in is saturated",
        Kind.ONCE,
        _meanwhile,
        (
            Absolute(
                "me while sign-in is saturated, p99",
                LATENCY,
                "ms",
                Goal(100, at_most=True),
                quantile=0.99,
            ),
        ),
    ),
    Work(
        "sign-up",
        Kind.HASHING,
        _sign_up,
        (
            Beside("sign-up, saturated", ARGON2, PER_SECOND, Goal(0.9, 0.95)),
            Beside("sign-up, per CPU second", ARGON2, PER_CPU_SECOND),
        ),
    ),
    Work(
        "me, two processes",
        Kind.SHORT,
        _me_of_two,
        (
            Beside("me, two processes with a core each", ONE, PER_CPU_SECOND, Goal(1.8), times=2),
            Beside("me, two processes, per second here", ONE, PER_SECOND),
        ),
    ),
    Work(
        "refresh, two processes",
        Kind.SHORT,
        _refresh_of_two,
        (
            Beside(
                "refresh, two processes with a core each", ONE, PER_CPU_SECOND, Goal(1.8), times=2
            ),
            Beside("refresh, two processes, per second here", ONE, PER_SECOND),
        ),
    ),
    Work(
        "sign-in, two processes",
        Kind.HASHING,
        _sign_in_of_two,
        (
            Beside("sign-in, two processes", ARGON2, PER_SECOND),
            Beside("sign-in, two processes, cores kept busy", ARGON2, CORES_BUSY, Goal(0.95)),
        ),
    ),
    Work(
        "me, while two processes are saturated",
        Kind.ONCE,
        _meanwhile_of_two,
        (
            Absolute(
                "me while sign-in saturates all cores, p99",
                LATENCY,
                "ms",
                Goal(100, at_most=True),
                quantile=0.99,
            ),
        ),
    ),
)
"""In this order; refreshing brings the tokens that the work after it needs."""
