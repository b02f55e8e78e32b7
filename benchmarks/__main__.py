"""Put everything up, measure in turn, print the tables, and keep the figures as JSON.

:mod:`~benchmarks.works` says what is measured and the goals. :mod:`~benchmarks.arena` starts the
servers, :mod:`~benchmarks.load` asks, :mod:`~benchmarks.measures` takes turns,
:mod:`~benchmarks.judgement` says what the figures allow to say. What Doorward is measured against:
:mod:`~benchmarks.floor`, :mod:`~benchmarks.bare_hashing`, :mod:`~benchmarks.peer_fastapi_users`.
:mod:`~benchmarks.growth` asks a small and a large town.
"""

import argparse
import asyncio
import sys
import tempfile
import time
from contextlib import ExitStack
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import uvloop

from benchmarks import growth
from benchmarks.arena import CONNECTIONS, COSTS, Arena, standing
from benchmarks.comparison import compared, differences
from benchmarks.judgement import Verdict
from benchmarks.machine import Watch, machine, versions
from benchmarks.measures import Bout
from benchmarks.processes import ROOT
from benchmarks.report import facts, table
from benchmarks.results import NotAResult, Result, Row, read, write
from benchmarks.stage import BEFORE, OURS, QUICK, Plan, Stage, opened
from benchmarks.works import WORKS, Kind, Work

_KEPT = ROOT / "build" / "bench"
_MOST_ROUNDS = 25
_LONGEST_WORK = 30.0


def main(arguments: list[str] | None = None) -> int:
    """Measure and print; the exit code tells only whether it could be measured."""
    given = _arguments(arguments)
    try:
        before = read(given.against) if given.against else None
        result = read(given.read) if given.read else None
    except NotAResult as refusal:
        return _refuse(str(refusal))
    beside_tables: list[str] = []
    if result is None:
        if sys.platform != "linux":
            return _refuse("the processor time of other processes is read from /proc: Linux only")
        if given.beside and not (given.beside / ".venv" / "bin" / "doorward").is_file():
            return _refuse(f"{given.beside} is no checkout of Doorward that `make run` has set up")
        plan = QUICK if given.quick else Plan()
        plan = replace(plan, users=given.users or plan.users)
        result, beside_tables = _measured(plan, given.beside and given.beside.resolve())
        kept = given.json or _KEPT / f"{result.made_at.replace(':', '-')}.json"
        write(result, kept)
        _say(f"kept as {kept}")
    print(_printed(result))
    for shown in beside_tables:
        print(f"\nThe other tree, in turns with this one:\n\n{shown}")
    if before is not None:
        print(f"\nAgainst {given.against}, of {before.made_at}:\n")
        print(compared(before.rows, result.rows))
        print("\n".join(["", *(f"- {each}" for each in differences(before, result))]))
    return 0


def _arguments(arguments: list[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks", description="Measure Doorward beside its floors and peers."
    )
    parser.add_argument("--quick", action="store_true", help="few and short rounds")
    parser.add_argument(
        "--users", type=int, metavar="N", help="how many users grow from 10,000 (at least 10,000)"
    )
    parser.add_argument(
        "--json", type=Path, metavar="FILE", help="where the figures go, instead of build/bench/"
    )
    parser.add_argument(
        "--against", type=Path, metavar="FILE", help="a result to be compared with, as JSON"
    )
    parser.add_argument(
        "--beside",
        type=Path,
        metavar="FOLDER",
        help="another checkout, measured in turns with this",
    )
    parser.add_argument(
        "--read", type=Path, metavar="FILE", help="print a result that was kept; measure nothing"
    )
    given = parser.parse_args(arguments)
    if given.users is not None and given.users < growth.FEW:
        parser.error(f"--users is at least {growth.FEW}")
    return given


def _printed(result: Result) -> str:
    rows = [row for row in result.rows if not row.name.startswith("growth: ")]
    grown = [
        replace(row, name=row.name.removeprefix("growth: "))
        for row in result.rows
        if row.name.startswith("growth: ")
    ]
    users = result.parameters.get("users", 0)
    title = f"Growth: {growth.FEW:,} users beside {users:,.0f}, ten sessions each"
    return f"\n{table(rows)}\n\n{title}:\n\n{table(grown)}\n\n{facts(result)}"


# --- the run ---------------------------------------------------------------------------------


def _measured(plan: Plan, beside: Path | None) -> tuple[Result, list[str]]:
    watch = Watch.now()
    run = _Run(plan, began=time.perf_counter())
    with (
        tempfile.TemporaryDirectory(prefix="doorward-bench-") as scratch,
        standing(Path(scratch), beside=beside) as arena,
    ):
        asyncio.run(run.play(arena), loop_factory=uvloop.new_event_loop)
        where = machine(arena.cores)
    memory, passes, lanes = COSTS
    result = Result(
        made_at=datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%SZ"),
        seconds=round(time.perf_counter() - run.began, 1),
        parameters={
            "connections": CONNECTIONS,
            "argon2 memory in KiB": memory,
            "argon2 passes": passes,
            "argon2 lanes": lanes,
            "seconds of a turn": plan.seconds,
            "seconds of a turn of hashing": plan.hashing_seconds,
            "rounds": plan.rounds,
            "users": plan.users,
        },
        machine=where,
        versions=versions(),
        database=run.database,
        conditions=watch.conditions(),
        rounds={
            **{work.name: bout.samples for work, bout in run.bouts},
            **run.growth.rounds,
        },
        rows=[*run.rows(OURS), *run.growth.rows],
        notes=run.notes,
    )
    return result, [run.beside()] if beside else []


class _Run:
    """One run: the bouts of all works, and the towns."""

    def __init__(self, plan: Plan, *, began: float) -> None:
        self.plan, self.began = plan, began
        self.bouts: list[tuple[Work, Bout]] = []
        self.growth = growth.Growth()
        self.database: dict[str, str] = {}
        self.notes: list[str] = []

    async def play(self, arena: Arena) -> None:
        """Play all works, ask the towns, then play more of what cannot be told yet."""
        _say("database")
        await arena.prepare()
        self.database = await arena.database_facts()
        with ExitStack() as up:
            stage = await opened(arena, self.plan, up)
            for work in WORKS:
                _say(work.name)
                await self._play(work, stage)
            _say(f"growth to {self.plan.users:,} users")
            self.growth = await growth.measure(arena, self.plan)
            await self._play_more()
        whole = ", ".join(self.growth.read_whole) or "nothing"
        self.notes.append(f"read without an index at {self.plan.users:,} users: {whole}")

    async def _play(self, work: Work, stage: Stage) -> None:
        bout = Bout(await work.contenders(stage))
        self.bouts.append((work, bout))
        if work.kind is Kind.SHORT:
            await bout.warm_up()
        await bout.play(
            {
                Kind.SHORT: self.plan.rounds,
                Kind.HASHING: self.plan.hashing_rounds,
                Kind.GIVEN: stage.plan.unseen_rounds,
                Kind.ONCE: 1,
            }[work.kind],
            within=_LONGEST_WORK,
        )

    async def _play_more(self) -> None:
        rounds = {work.name: 0 for work, _ in self.bouts}
        while True:
            doubtful = [(work, bout) for work, bout in self.bouts if _is_doubtful(work, bout)]
            left = self.plan.more_until_second - (time.perf_counter() - self.began)
            doubtful = [(work, bout) for work, bout in doubtful if bout.seconds < left]
            if not doubtful:
                break
            work, bout = min(doubtful, key=lambda each: rounds[each[0].name] * each[1].seconds)
            _say(f"{work.name}, once more")
            await bout.play()
            rounds[work.name] += 1
        self.notes += [f"{name}: {more} rounds more" for name, more in rounds.items() if more]

    def rows(self, ours: str) -> list[Row]:
        """Return the rows of all works, with one of the trees as ours."""
        return [
            line.row(bout, ours)
            for work, bout in self.bouts
            for line in work.lines
            if ours in bout.samples
        ]

    def beside(self) -> str:
        """Return the table that has the other tree's rows before and ours after."""
        changes = {
            line.name: change
            for work, bout in self.bouts
            for line in work.lines
            if BEFORE in bout.samples and (change := line.changed(bout, BEFORE, OURS)) is not None
        }
        return compared(self.rows(BEFORE), self.rows(OURS), paired=changes)


def _is_doubtful(work: Work, bout: Bout) -> bool:
    if work.kind not in (Kind.SHORT, Kind.HASHING) or len(bout.samples[OURS]) >= _MOST_ROUNDS:
        return False
    return any(line.row(bout, OURS).verdict is Verdict.CANNOT_TELL for line in work.lines)


def _refuse(why: str) -> int:
    print(f"bench: {why}", file=sys.stderr)
    return 2


def _say(what: str) -> None:
    print(f"{time.strftime('%H:%M:%S')} {what} …", file=sys.stderr, flush=True)


if __name__ == "__main__":
    raise SystemExit(main())
