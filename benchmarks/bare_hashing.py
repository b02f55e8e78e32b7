"""The floors of sign-in and sign-up: argon2 with the same parameters, and nothing around it.

    python -m benchmarks.bare_hashing verify|hash SECONDS THREADS MEMORY_KIB TIME_COST PARALLELISM

Prints how many it did, and the seconds and the processor seconds that this took. The threads
are as nice to others as Doorward's own, so that whatever else runs here takes from both alike.
"""

import os
import sys
import threading
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

from argon2 import PasswordHasher, Type

_NICENESS = 10
_PASSWORD = b"correct horse battery staple"


def main(work: str, seconds: float, threads: int, memory: int, passes: int, lanes: int) -> None:
    """Keep the threads busy for that long and print what they got done."""
    argon2 = PasswordHasher(
        time_cost=passes, memory_cost=memory, parallelism=lanes, hash_len=32, type=Type.ID
    )
    stored = argon2.hash(_PASSWORD)

    def verify() -> None:
        argon2.verify(stored, _PASSWORD)

    def make() -> None:
        argon2.hash(_PASSWORD)

    with ThreadPoolExecutor(threads, initializer=_be_nice) as pool:
        kind: Callable[[], None] = {"verify": verify, "hash": make}[work]
        kind()
        began, cpu = time.perf_counter(), time.process_time()
        jobs = [pool.submit(_repeat, kind, began + seconds) for _ in range(threads)]
        done = sum(job.result() for job in jobs)
        print(done, time.perf_counter() - began, time.process_time() - cpu)


def _repeat(work: Callable[[], None], until: float) -> int:
    done = 0
    while time.perf_counter() < until:
        work()
        done += 1
    return done


def _be_nice() -> None:
    if sys.platform == "linux":
        os.setpriority(os.PRIO_PROCESS, threading.get_native_id(), _NICENESS)


if __name__ == "__main__":
    main(sys.argv[1], float(sys.argv[2]), *(int(argument) for argument in sys.argv[3:7]))
