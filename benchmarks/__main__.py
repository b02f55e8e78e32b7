"""``python -m benchmarks [--quick]``: put everything up, measure in turn, print the table.

:mod:`~benchmarks.arena` starts the servers and makes the accounts, :mod:`~benchmarks.load` asks,
:mod:`~benchmarks.measures` takes turns, :mod:`~benchmarks.report` prints. What Doorward is
measured against: :mod:`~benchmarks.floor`, :mod:`~benchmarks.bare_hashing` and
:mod:`~benchmarks.peer_fastapi_users`. :mod:`~benchmarks.growth` asks a small and a large town.
"""

import argparse
import asyncio
import sys
import tempfile
import time
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from statistics import median

import uvloop

from benchmarks import growth
from benchmarks.arena import (
    COSTS,
    PEOPLE,
    Arena,
    Person,
    SigningUp,
    get,
    peer_token,
    public_key,
    reading,
    refreshing,
    signing_in,
    signing_in_to_peer,
    standing,
)
from benchmarks.load import Once, saturate
from benchmarks.measures import (
    Series,
    cpu_ratio,
    hashing,
    latency_meanwhile,
    quietest_ratio,
    rate_ratio,
    serving,
    serving_batches,
    take_turns,
)
from benchmarks.processes import Server
from benchmarks.report import Row, environment, table

_LONGEST_RUN = 290.0
_ME = "/api/v1/users/me"
_REFRESH = "/api/v1/sessions/refresh"
_PROBES_PER_SECOND = 40


@dataclass(frozen=True, slots=True)
class Plan:
    """How long to look. Quick says in a minute whether something is very wrong."""

    rounds: int = 7
    seconds: float = 1.5
    hashing_rounds: int = 5
    hashing_seconds: float = 3.0
    starts: int = 5
    meanwhile_seconds: float = 11.0
    tokens_per_turn: int = 3200


_QUICK = Plan(3, 0.6, 2, 1.5, 3, 5.0, 960)


@dataclass(frozen=True, slots=True)
class Contenders:
    """The servers, all up; who has no turn sleeps."""

    doorward: Server
    floor: Server
    peer: Server


def main() -> int:
    """Measure and print; the exit code tells only whether it could be measured."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description=__doc__)
    parser.add_argument("--quick", action="store_true", help="few and short rounds")
    plan = _QUICK if parser.parse_args().quick else Plan()
    if sys.platform != "linux":
        print("The processor time of other processes is read from /proc: Linux only.")
        return 2
    with (
        tempfile.TemporaryDirectory(prefix="doorward-bench-") as scratch,
        standing(Path(scratch)) as arena,
    ):
        asyncio.run(_measure(arena, plan), loop_factory=uvloop.new_event_loop)
    if plan is not _QUICK:
        _say("growth")
        print(f"\n{asyncio.run(growth.measure())}")
    return 0


async def _measure(arena: Arena, plan: Plan) -> None:
    began = time.perf_counter()
    async with asyncio.timeout(_LONGEST_RUN):
        _say("database")
        await arena.prepare()
        _say("start and memory")
        rows = [*_start_rows(arena, plan)]
        with ExitStack() as up:
            doorward = up.enter_context(arena.doorward())
            contenders = Contenders(
                doorward=doorward,
                floor=up.enter_context(arena.floor(public_key(doorward))),
                peer=up.enter_context(arena.peer()),
            )
            await arena.register(doorward)
            people = arena.people(doorward)
            rows += await _me_rows(contenders, people, plan)
            rows += await _refresh_rows(arena, contenders, people, plan)
            rows += await _hashing_rows(arena, contenders, people[0], plan)
        facts = environment(arena.cores, await arena.database_facts(), rounds=plan.rounds)
    print(f"\n{table(rows)}\n\n{facts}\n- {time.perf_counter() - began:.0f} seconds in all")


def _start_rows(arena: Arena, plan: Plan) -> list[Row]:
    seconds, cpu, memory = [], [], []
    for _ in range(plan.starts):
        with arena.doorward() as server:
            seconds.append(server.start_seconds)
            cpu.append(server.cpu_seconds())
            time.sleep(0.5)
            memory.append(server.memory_mb())
    with arena.peer() as peer:
        time.sleep(0.5)
        theirs = f"fastapi-users {peer.start_seconds:.2f} s, {peer.memory_mb():.0f} MB"
    start, idle = median(seconds), median(memory)
    ours = f"{start:.2f} s, {median(cpu):.2f} s CPU"
    return [
        Row("start to first answer", ours, theirs, start, "s", 1.0, 0.6, at_most=True),
        Row("idle memory", f"{idle:.0f} MB", "", idle, "MB", 100, 70, at_most=True),
    ]


async def _me_rows(to: Contenders, people: list[Person], plan: Plan) -> list[Row]:
    _say("me")
    token = peer_token(to.peer)
    ours = [reading(_ME, person.access_token, person.email) for person in people]
    floors = [reading("/me", person.access_token, person.email) for person in people]
    peers = [reading("/users/me", token, "person0@example.com") for _ in people]
    turns = [
        serving(to.doorward, ours, seconds=plan.seconds),
        serving(to.floor, floors, seconds=plan.seconds),
        serving(to.peer, peers, seconds=plan.seconds),
    ]
    await take_turns(turns, rounds=1)  # statements prepared, caches warm
    doorward, floor, peer = await take_turns(turns, rounds=plan.rounds)
    return [
        _beside("me, per CPU second", doorward, "floor", floor, goal=0.45, moonshot=0.8),
        _beside("me, against the peer", doorward, "fastapi-users", peer, goal=3.0, moonshot=5.0),
    ]


async def _refresh_rows(
    arena: Arena, to: Contenders, people: list[Person], plan: Plan
) -> list[Row]:
    _say("refresh")
    kept: list[list[str]] = [[] for _ in people]
    ours = [
        refreshing(_REFRESH, person.refresh_token, kept=tokens)
        for person, tokens in zip(people, kept, strict=True)
    ]
    floors = [refreshing("/refresh", token) for token in await arena.floor_tokens()]
    turns = [
        serving(to.doorward, ours, seconds=plan.seconds),
        serving(to.floor, floors, seconds=plan.seconds),
    ]
    await take_turns(turns, rounds=1)
    doorward, floor = await take_turns(turns, rounds=plan.rounds)
    return [
        _beside("refresh, per CPU second", doorward, "floor", floor, goal=0.33, moonshot=0.5),
        await _unknown_token_row(to, people, kept, plan),
    ]


async def _unknown_token_row(
    to: Contenders, people: list[Person], kept: list[list[str]], plan: Plan
) -> Row:
    """Measure ``me`` with tokens that Doorward has not verified before: nothing remembered."""
    _say("me, with tokens never seen")
    rounds = min(3, plan.rounds)
    share = min(plan.tokens_per_turn // len(people), min(map(len, kept)) // rounds)

    def batches(path: str) -> list[list[Once]]:
        return [
            [
                Once(
                    [get(path, token) for token in tokens[at * share : (at + 1) * share]],
                    expected=f'"email":"{person.email}"'.encode(),
                )
                for person, tokens in zip(people, kept, strict=True)
            ]
            for at in range(rounds)
        ]

    turns = [
        serving_batches(to.doorward, batches(_ME)),
        serving_batches(to.floor, batches("/me")),
    ]
    doorward, floor = await take_turns(turns, rounds=rounds)
    return _beside("me, each token for the first time", doorward, "floor", floor)


async def _hashing_rows(arena: Arena, to: Contenders, person: Person, plan: Plan) -> list[Row]:
    _say("sign-in")
    busy = [signing_in(number) for number in range(PEOPLE)]
    seconds = plan.hashing_seconds
    await saturate(to.doorward.port, busy, seconds=0)
    turns = [
        serving(to.doorward, busy, seconds=seconds),
        hashing("verify", arena.cores, COSTS, seconds=seconds),
        serving(to.peer, [signing_in_to_peer() for _ in busy], seconds=seconds),
    ]
    doorward, floor, peer = await take_turns(turns, rounds=plan.hashing_rounds)
    _say("me, while sign-in is saturated")
    middle, worst = await latency_meanwhile(
        to.doorward,
        busy,
        reading(_ME, person.access_token, person.email),
        seconds=plan.meanwhile_seconds,
        per_second=_PROBES_PER_SECOND,
    )
    _say("sign-up")
    turns = [
        serving(to.doorward, [SigningUp(f"new{n}") for n in range(PEOPLE)], seconds=seconds),
        hashing("hash", arena.cores, COSTS, seconds=seconds),
    ]
    newcomers, hashes = await take_turns(turns, rounds=min(3, plan.hashing_rounds))
    return [
        _beside_rate("sign-in, saturated", doorward, "bare argon2", floor, 0.95, 0.98),
        _beside("sign-in, per CPU second", doorward, "bare argon2", floor),
        _beside_rate("sign-in, against the peer", doorward, "fastapi-users", peer, None, None),
        Row(
            "me while sign-in is saturated, p99",
            f"{worst * 1000:.1f} ms",
            f"median {middle * 1000:.1f} ms",
            worst * 1000,
            "ms",
            250,
            at_most=True,
        ),
        _beside_rate("sign-up, saturated", newcomers, "bare argon2", hashes, 0.9, 0.95),
    ]


def _beside(
    work: str,
    ours: Series,
    whose: str,
    theirs: Series,
    *,
    goal: float | None = None,
    moonshot: float | None = None,
) -> Row:
    return Row(
        work,
        _shown(ours),
        f"{whose} {_shown(theirs)}",
        cpu_ratio(ours, theirs),
        goal=goal,
        moonshot=moonshot,
        quietest=quietest_ratio(ours, theirs),
    )


def _beside_rate(
    work: str,
    ours: Series,
    whose: str,
    theirs: Series,
    goal: float | None,
    moonshot: float | None,
) -> Row:
    ratio = rate_ratio(ours, theirs)
    return Row(work, _shown(ours), f"{whose} {_shown(theirs)}", ratio, "", goal, moonshot)


def _shown(series: Series) -> str:
    if series.per_second < 100:
        return f"{series.per_second:.2f}/s, {series.cpu * 1000:.1f} ms CPU"
    return f"{series.per_second:,.0f}/s, {series.cpu * 1e6:.0f} µs CPU"


def _say(what: str) -> None:
    print(f"{time.strftime('%H:%M:%S')} {what} …", file=sys.stderr, flush=True)


if __name__ == "__main__":
    raise SystemExit(main())
