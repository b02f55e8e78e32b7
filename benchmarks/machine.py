"""Where it was measured, and what else went on there."""

import os
import platform
import resource
import subprocess
import sys
import time
from dataclasses import dataclass
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

from benchmarks.processes import ROOT, Cores
from benchmarks.results import Conditions

_PACKAGES = (
    "doorward", "fastapi", "starlette", "uvicorn", "uvloop", "httptools", "sqlalchemy", "asyncpg",
    "cryptography", "pyjwt", "argon2-cffi", "orjson", "structlog",
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Watch:
    """The machine's processor time at one moment, to be compared with that of a later one."""

    at: float
    busy: float
    steal: float
    ours: float

    @classmethod
    def now(cls) -> "Watch":
        """Read the clocks: the machine's, this process's and those of its ended children."""
        user, nice, system, _, _, irq, softirq, steal, *_ = (
            int(ticks) / os.sysconf("SC_CLK_TCK")
            for ticks in Path("/proc/stat").read_text().partition("\n")[0].split()[1:]
        )
        used = [resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)]
        ours = sum(each.ru_utime + each.ru_stime for each in used)
        return cls(time.perf_counter(), user + nice + system + irq + softirq, steal, ours)

    def conditions(self) -> Conditions:
        """Return what went on since then; all children have to have ended."""
        later = Watch.now()
        seconds = later.at - self.at
        others = (later.busy - self.busy - (later.ours - self.ours)) / seconds
        stolen = (later.steal - self.steal) / (seconds * (os.cpu_count() or 1))
        return Conditions(round(os.getloadavg()[0], 2), round(stolen, 4), round(max(0, others), 2))


def machine(cores: Cores) -> dict[str, str]:
    """Return the processor, the system, and who has which core."""
    where = (
        f"the server on core {_list(cores.server)}, database and load on {_list(cores.rest)}"
        if cores.are_apart
        else "everything on the same core"
    )
    return {
        "processor": _processor(),
        "cores": f"{len(cores.all) or os.cpu_count()} cores",
        "system": f"{platform.system()} {platform.release()}",
        "places": where,
    }


def versions() -> dict[str, str]:
    """Return the version of Python, of Doorward's packages, and the commit where git knows it."""
    found = {"Python": platform.python_version()}
    found |= {name: _version(name) for name in _PACKAGES}
    commit = _commit()
    return found | ({"commit": commit} if commit else {})


def _commit() -> str:
    command = ["git", "describe", "--always", "--dirty", "--exclude=*"]
    try:
        done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    except OSError:
        return ""
    return done.stdout.strip()


def _list(cores: set[int]) -> str:
    return ", ".join(str(core) for core in sorted(cores))


def _version(package: str) -> str:
    try:
        return version(package)
    except PackageNotFoundError:
        return "?"


def _processor() -> str:
    if sys.platform == "linux":
        for line in Path("/proc/cpuinfo").read_text().splitlines():
            if line.startswith("model name"):
                return line.partition(":")[2].strip()
    return platform.processor() or platform.machine()
