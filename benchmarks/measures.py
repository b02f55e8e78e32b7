"""What is measured: contenders take turns, and each turn gives one sample.

Whatever else the machine does in these minutes hits all contenders alike, because they take
turns of seconds. A ratio is made from the two samples of one round; its median counts.
"""

import asyncio
import subprocess
import sys
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, field
from statistics import median, quantiles

from benchmarks.load import Caller, paced, saturate
from benchmarks.processes import ROOT, Cores, Server


@dataclass(frozen=True, slots=True)
class Sample:
    """One turn: requests per second, and processor seconds of the server per request."""

    per_second: float
    cpu: float


@dataclass(slots=True)
class Series:
    """All turns of one contender, the first round first."""

    samples: list[Sample] = field(default_factory=list)

    @property
    def per_second(self) -> float:
        """The median of requests per second."""
        return median(sample.per_second for sample in self.samples)

    @property
    def cpu(self) -> float:
        """The median of processor seconds per request."""
        return median(sample.cpu for sample in self.samples)


def cpu_ratio(of: Series, to: Series) -> float:
    """Return how many requests one does per processor second, as a share of the other's."""
    pairs = zip(of.samples, to.samples, strict=True)
    return median(theirs.cpu / ours.cpu for ours, theirs in pairs)


def quietest_ratio(of: Series, to: Series) -> float:
    """Return the same ratio for the best round of each.

    Neighbours on the machine only ever add time, and to a larger program more of it, for they
    empty the processor's caches: the best rounds are nearest to what the work itself takes.
    """
    return min(sample.cpu for sample in to.samples) / min(sample.cpu for sample in of.samples)


def rate_ratio(of: Series, to: Series) -> float:
    """Return how many requests one does per second, as a share of the other's."""
    pairs = zip(of.samples, to.samples, strict=True)
    return median(ours.per_second / theirs.per_second for ours, theirs in pairs)


type Turn = Callable[[], Awaitable[Sample]]


async def take_turns(turns: Sequence[Turn], *, rounds: int) -> list[Series]:
    """Return a series per contender: A B C, A B C …"""
    found = [Series() for _ in turns]
    for _ in range(rounds):
        for series, turn in zip(found, turns, strict=True):
            series.samples.append(await turn())
    return found


def serving(server: Server, callers: Sequence[Caller], *, seconds: float) -> Turn:
    """Return the turn in which a server answers these callers."""

    async def turn() -> Sample:
        before = server.cpu_seconds()
        outcome = await saturate(server.port, callers, seconds=seconds)
        return Sample(
            outcome.per_second, (server.cpu_seconds() - before) / max(outcome.answered, 1)
        )

    return turn


def serving_batches(server: Server, batches: Sequence[Sequence[Caller]]) -> Turn:
    """Return the turn in which a server answers the next batch, to its end."""
    left = list(reversed(batches))

    async def turn() -> Sample:
        return await serving(server, left.pop(), seconds=20)()

    return turn


def hashing(work: str, cores: Cores, costs: Sequence[int], *, seconds: float) -> Turn:
    """Return the turn in which nothing but argon2 runs on the server's core."""

    async def turn() -> Sample:
        command = [sys.executable, "-m", "benchmarks.bare_hashing", work, str(seconds)]
        command += [str(max(1, len(cores.server))), *(str(cost) for cost in costs)]
        with cores.as_server():
            process = subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE)
        try:
            printed, _ = await asyncio.to_thread(process.communicate, timeout=seconds + 60)
        finally:
            process.kill()
            process.wait()
        done, wall, cpu = (float(number) for number in printed.split())
        return Sample(done / wall, cpu / done)

    return turn


async def latency_meanwhile(
    server: Server, busy: Sequence[Caller], asking: Caller, *, seconds: float, per_second: float
) -> tuple[float, float]:
    """Return the median and the 99th percentile of one request while others keep it busy."""
    async with asyncio.TaskGroup() as group:
        group.create_task(saturate(server.port, busy, seconds=seconds))
        await asyncio.sleep(0.3)
        probe = group.create_task(
            paced(server.port, asking, seconds=seconds - 1, per_second=per_second)
        )
    latencies = probe.result().latencies
    return median(latencies), quantiles(latencies, n=100, method="inclusive")[98]
