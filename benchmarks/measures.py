"""What is measured: contenders take turns, and each turn gives one sample (or several).

Whatever else the machine does in these minutes hits all contenders alike, because they take
turns of a second or two. A ratio is made of the samples of one round, so that it stays true
while the machine's own speed changes.
"""

import asyncio
import math
import subprocess
import sys
import time
from collections.abc import Awaitable, Callable, Mapping, Sequence
from statistics import median

from benchmarks.load import Caller, paced, saturate
from benchmarks.processes import ROOT, Cores, Server
from benchmarks.results import Sample

type Turn = Callable[[], Awaitable[list[Sample]]]


class Bout:
    """Contenders that do the same work in turns: A B C, A B C …"""

    def __init__(self, turns: Mapping[str, Turn]) -> None:
        self._turns = turns
        self.samples: dict[str, list[Sample]] = {name: [] for name in turns}
        self.seconds = 0.0
        """How long the last round took."""

    async def warm_up(self) -> None:
        """Play a round that does not count: statements get prepared, caches warm."""
        for turn in self._turns.values():
            await turn()

    async def play(self, rounds: int = 1, *, within: float = math.inf, least: int = 3) -> None:
        """Play so many rounds more; after ``least`` of them, only while the seconds last."""
        began = time.perf_counter()
        for played in range(rounds):
            started = time.perf_counter()
            if played >= least and started + self.seconds > began + within:
                return
            for name, turn in self._turns.items():
                self.samples[name] += await turn()
            self.seconds = time.perf_counter() - started

    def figures(self, contender: str, name: str) -> list[float]:
        """Return a contender's figures of one name, the first round first."""
        return [sample[name] for sample in self.samples[contender]]

    def middle(self, contender: str, name: str) -> float:
        """Return the median of them."""
        return median(self.figures(contender, name))


def starting(make: Callable[[], Server]) -> Turn:
    """Return the turn in which a server starts, answers, idles for half a second, and ends."""

    async def turn() -> list[Sample]:
        with make() as server:
            cpu = server.cpu_seconds()
            await asyncio.sleep(0.5)
            return [
                {
                    "start_seconds": server.start_seconds,
                    "start_cpu_seconds": cpu,
                    "memory_mb": server.memory_mb(),
                }
            ]

    return turn


def serving(
    server: Server, callers: Sequence[Caller], *, seconds: float, requests_each: int = 1
) -> Turn:
    """Return the turn in which a server answers these callers.

    What is counted is so many requests each.
    """

    async def turn() -> list[Sample]:
        before = server.cpu_seconds()
        outcome = await saturate(server.port, callers, seconds=seconds)
        cpu = server.cpu_seconds() - before
        return [
            {
                "per_second": outcome.per_second / requests_each,
                "cpu_seconds": cpu * requests_each / max(outcome.answered, 1),
                "cores_busy": cpu / outcome.seconds,
            }
        ]

    return turn


def serving_batches(server: Server, batches: Sequence[Sequence[Caller]]) -> Turn:
    """Return the turn in which a server answers the next batch, to its end."""
    left = list(reversed(batches))

    async def turn() -> list[Sample]:
        return await serving(server, left.pop(), seconds=20)()

    return turn


def hashing(work: str, cores: set[int], costs: Sequence[int], *, seconds: float) -> Turn:
    """Return the turn in which nothing but argon2 runs on these cores, a thread on each."""

    async def turn() -> list[Sample]:
        command = [sys.executable, "-m", "benchmarks.bare_hashing", work, str(seconds)]
        command += [str(max(1, len(cores))), *(str(cost) for cost in costs)]
        with Cores.given(cores):
            process = subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE)
        try:
            printed, _ = await asyncio.to_thread(process.communicate, timeout=seconds + 60)
        finally:
            process.kill()
            process.wait()
        done, wall, cpu = (float(number) for number in printed.split())
        return [{"per_second": done / wall, "cpu_seconds": cpu / done, "cores_busy": cpu / wall}]

    return turn


def asking_meanwhile(
    server: Server, busy: Sequence[Caller], asking: Caller, *, seconds: float, per_second: float
) -> Turn:
    """Return the turn that times one request at a steady pace while others keep a server busy.

    It gives a sample for each of these requests.
    """

    async def turn() -> list[Sample]:
        async with asyncio.TaskGroup() as group:
            group.create_task(saturate(server.port, busy, seconds=seconds))
            await asyncio.sleep(0.3)
            probe = group.create_task(
                paced(server.port, asking, seconds=seconds - 1, per_second=per_second)
            )
        return [{"latency_seconds": latency} for latency in probe.result().latencies]

    return turn
