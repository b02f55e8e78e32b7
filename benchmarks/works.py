"""What is measured, and the goals: a work for each, and with it the rows that are made of it.

To add one, write a function that returns the turns of its contenders, beside those in
:mod:`~benchmarks.contenders`, and give it a place in :data:`WORKS` with its rows. The contender
``Doorward`` has to be among them.
"""

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from enum import StrEnum

from benchmarks import contenders
from benchmarks.contenders import ARGON2, KEY, ONE, PASSKEY, PASSWORD_ALONE, SHORT_FLOOR
from benchmarks.judgement import Goal
from benchmarks.measures import Turn
from benchmarks.rows import (
    CORES_BUSY,
    CPU_EACH,
    LATENCY,
    MEMORY,
    MICROSECONDS,
    PER_CPU_SECOND,
    PER_SECOND,
    START,
    START_CPU,
    Absolute,
    Beside,
    Line,
)
from benchmarks.stage import FLOOR, OURS, PEER, Stage


class Kind(StrEnum):
    """How many rounds a work gets, and whether more of them may follow."""

    SHORT = "short"
    HASHING = "hashing"
    GIVEN = "given"
    """A few turns, for which the tokens last that refreshing has brought, and no more."""
    ONCE = "once"
    """One turn, which gives many samples."""


@dataclass(frozen=True, slots=True)
class Work:
    """One kind of request, who does it in turns, and the rows that come of it."""

    name: str
    kind: Kind
    contenders: Callable[[Stage], Awaitable[Mapping[str, Turn]]]
    lines: tuple[Line, ...]


WORKS = (
    Work(
        "start",
        Kind.SHORT,
        contenders.start,
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
        contenders.me,
        (
            Beside("me, per CPU second", FLOOR, PER_CPU_SECOND, Goal(0.8)),
            Beside("me, against the peer", PEER, PER_CPU_SECOND, Goal(5.0)),
        ),
    ),
    Work(
        "refresh",
        Kind.SHORT,
        contenders.refresh,
        (
            Beside("refresh, per CPU second", FLOOR, PER_CPU_SECOND, Goal(0.5)),
            Beside("refresh, the same writes", SHORT_FLOOR, PER_CPU_SECOND),
        ),
    ),
    Work(
        "me, unseen tokens",
        Kind.GIVEN,
        contenders.unseen,
        (
            Beside("me, each token for the first time", FLOOR, PER_CPU_SECOND),
            Beside(
                "me with an API key, processor time",
                OURS,
                CPU_EACH,
                Goal(1.0, at_most=True),
                who=KEY,
            ),
        ),
    ),
    Work(
        "introspection",
        Kind.SHORT,
        contenders.introspection,
        (
            Beside("introspection, per CPU second", FLOOR, PER_CPU_SECOND, Goal(0.4)),
            # A peer's published 115 a second on one processor are 8,696 µs each.
            Absolute("introspection, processor time", MICROSECONDS, "µs", Goal(870, at_most=True)),
        ),
    ),
    Work(
        "sign-in",
        Kind.HASHING,
        contenders.sign_in,
        (
            Beside("sign-in, saturated", ARGON2, PER_SECOND, Goal(0.98)),
            Beside("sign-in, per CPU second", ARGON2, PER_CPU_SECOND, Goal(0.98)),
            Beside("sign-in, against the peer", PEER, PER_SECOND),
        ),
    ),
    Work(
        "me, while sign-in is saturated",
        Kind.ONCE,
        contenders.meanwhile,
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
        "sign-in with factors",
        Kind.HASHING,
        contenders.sign_in_with_factors,
        (
            Beside(
                "sign-in with a code, processor time",
                PASSWORD_ALONE,
                CPU_EACH,
                Goal(1.05, at_most=True),
            ),
            Beside(
                "sign-in with a passkey, per CPU second",
                PASSWORD_ALONE,
                PER_CPU_SECOND,
                Goal(50),
                who=PASSKEY,
            ),
        ),
    ),
    Work(
        "sign-up",
        Kind.HASHING,
        contenders.sign_up,
        (
            Beside("sign-up, saturated", ARGON2, PER_SECOND, Goal(0.9, 0.95)),
            Beside("sign-up, per CPU second", ARGON2, PER_CPU_SECOND),
        ),
    ),
    Work(
        "me, two processes",
        Kind.SHORT,
        contenders.me_of_two,
        (
            Beside("me, two processes with a core each", ONE, PER_CPU_SECOND, Goal(1.8), times=2),
            Beside("me, two processes, per second here", ONE, PER_SECOND),
        ),
    ),
    Work(
        "refresh, two processes",
        Kind.SHORT,
        contenders.refresh_of_two,
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
        contenders.sign_in_of_two,
        (
            Beside("sign-in, two processes", ARGON2, PER_SECOND),
            Beside("sign-in, two processes, cores kept busy", ARGON2, CORES_BUSY, Goal(0.95)),
        ),
    ),
    Work(
        "me, while two processes are saturated",
        Kind.ONCE,
        contenders.meanwhile_of_two,
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
