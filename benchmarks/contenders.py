"""Who takes turns at each work, Doorward among them; :mod:`~benchmarks.works` has the goals.

``stage.each`` makes Doorward's turn, and that of the other tree where ``--beside`` names one.
"""

from collections.abc import Mapping, Sequence
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
from benchmarks.factors import (
    people_with_apps,
    people_with_passkeys,
    showing_codes,
    showing_passkeys,
    showing_passwords,
)
from benchmarks.keys import introspecting, reading_with
from benchmarks.load import Caller, Once
from benchmarks.measures import (
    Turn,
    asking_meanwhile,
    hashing,
    serving,
    serving_batches,
    starting,
)
from benchmarks.stage import FLOOR, OURS, PEER, Stage

ARGON2 = "bare argon2"
KEY = "with an API key"
ONE = "one process"
PASSKEY = "with a passkey"
PASSWORD_ALONE = "password alone"
SHORT_FLOOR = "floor in two round trips"
_ME = "/api/v1/users/me"
_REFRESH = "/api/v1/sessions/refresh"
_PROBES_PER_SECOND = 40


# --- start, memory ---------------------------------------------------------------------------


async def start(stage: Stage) -> Mapping[str, Turn]:
    """Start Doorward and the peer, each alone."""

    def turn(tree: Path) -> Turn:
        return starting(lambda: stage.arena.doorward(tree))

    return {name: turn(tree) for name, tree in stage.trees.items()} | {
        PEER: starting(stage.arena.peer)
    }


# --- sessions --------------------------------------------------------------------------------


async def me(stage: Stage) -> Mapping[str, Turn]:
    """Ask who one is: Doorward, the floor and the peer."""
    seconds = stage.plan.seconds
    people = stage.houses[OURS].people
    floors = [reading("/me", each.access_token, each.email) for each in people]
    peers = [reading("/users/me", stage.peer_token, "person0@example.com") for _ in people]
    return stage.each(lambda house: reading_me(house, seconds)) | {
        FLOOR: serving(stage.floor, floors, seconds=seconds),
        PEER: serving(stage.peer, peers, seconds=seconds),
    }


async def refresh(stage: Stage) -> Mapping[str, Turn]:
    """Refresh sessions, beside both floors."""
    seconds = stage.plan.seconds
    floors = {FLOOR: "/refresh", SHORT_FLOOR: "/refresh/two-statements"}
    turns = stage.each(lambda house: refreshing_all(house, seconds))
    for name, path in floors.items():
        tokens = await stage.arena.floor_tokens()
        callers = [refreshing(path, token) for token in tokens]
        turns[name] = serving(stage.floor, callers, seconds=seconds)
    return turns


async def unseen(stage: Stage) -> Mapping[str, Turn]:
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
    ours, keys = stage.houses[OURS], stage.keys.of_people
    with_keys = [reading_with(keys[each.email], each.email) for each in ours.people]
    return turns | {
        FLOOR: serving_batches(stage.floor, batches(ours, "/me", share)),
        KEY: serving(ours.server, with_keys, seconds=stage.plan.seconds),
    }


async def introspection(stage: Stage) -> Mapping[str, Turn]:
    """Ask what a key is worth: Doorward, and one look-up with nothing around it."""
    seconds, product = stage.plan.seconds, stage.keys.of_product
    asked = [stage.keys.of_people[each.email] for each in stage.houses[OURS].people]
    ours = [introspecting(key, caller=product) for key in asked]
    floors = [introspecting(key, caller=product, path="/introspect") for key in asked]
    return {
        OURS: serving(stage.houses[OURS].server, ours, seconds=seconds),
        FLOOR: serving(stage.floor, floors, seconds=seconds),
    }


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


async def sign_in(stage: Stage) -> Mapping[str, Turn]:
    """Sign in with a password, beside bare argon2 and the peer."""
    seconds = stage.plan.hashing_seconds
    busy = [signing_in(number) for number in range(PEOPLE)]
    peers = [signing_in_to_peer() for _ in busy]
    return stage.each(lambda house: serving(house.server, busy, seconds=seconds)) | {
        ARGON2: hashing("verify", stage.arena.cores.server, COSTS, seconds=seconds),
        PEER: serving(stage.peer, peers, seconds=seconds),
    }


async def meanwhile(stage: Stage) -> Mapping[str, Turn]:
    """Time who one is while sign-in keeps the server busy."""
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


async def sign_up(stage: Stage) -> Mapping[str, Turn]:
    """Sign up, beside bare argon2."""
    seconds = stage.plan.hashing_seconds

    def turn(house: House) -> Turn:
        callers = [SigningUp(f"new{number}") for number in range(PEOPLE)]
        return serving(house.server, callers, seconds=seconds)

    return stage.each(turn) | {
        ARGON2: hashing("hash", stage.arena.cores.server, COSTS, seconds=seconds)
    }


# --- more than a password, and none ---------------------------------------------------------------


async def sign_in_with_factors(stage: Stage) -> Mapping[str, Turn]:
    """Sign in with a password and a code in one request, with a passkey, and as before.

    The accounts are made by two processes beforehand, since that is hashing, too. The other tree of
    ``--beside`` may know no such thing.
    """
    house = stage.houses[OURS]
    apps = await people_with_apps(stage.arena, stage.two.server)
    devices = await people_with_passkeys(stage.arena, stage.two.server)
    passkeys = showing_passkeys(house.server, devices)
    await passkeys()  # The first one loads the library that verifies them.
    return {
        OURS: showing_codes(house.server, apps),
        PASSKEY: passkeys,
        PASSWORD_ALONE: showing_passwords(house.server),
    }


# --- two processes ---------------------------------------------------------------------------


def _one_and_two(stage: Stage, callers: Sequence[Caller]) -> dict[str, Turn]:
    """Return the turns of two processes and of one, asked by the same callers."""
    seconds = stage.plan.seconds
    return {
        OURS: serving(stage.two.server, callers, seconds=seconds),
        ONE: serving(stage.houses[OURS].server, callers, seconds=seconds),
    }


async def me_of_two(stage: Stage) -> Mapping[str, Turn]:
    """Ask two processes who one is, and one."""
    people = stage.two.people
    return _one_and_two(stage, [reading(_ME, one.access_token, one.email) for one in people])


async def refresh_of_two(stage: Stage) -> Mapping[str, Turn]:
    """Refresh sessions of two processes, and of one."""
    tokens = [person.refresh_token for person in stage.two.people]
    return _one_and_two(stage, [refreshing(_REFRESH, token) for token in tokens])


async def sign_in_of_two(stage: Stage) -> Mapping[str, Turn]:
    """Sign in to two processes, beside bare argon2 on both cores."""
    seconds, both = stage.plan.hashing_seconds, stage.arena.cores.two
    return {
        OURS: serving(stage.two.server, _SIGNING_IN_TO_TWO, seconds=seconds),
        ARGON2: hashing("verify", both, COSTS, seconds=seconds),
    }


async def meanwhile_of_two(stage: Stage) -> Mapping[str, Turn]:
    """Time who one is while sign-in keeps both processes busy."""
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
