"""How requests, lists, searches and checks take a many times larger town.

The same is asked of two databases on one PostgreSQL, in turns: of ten thousand users, and of as
many as the run's parameter says. ``me`` and refresh are requests to two servers; the
administration's questions go straight through the repositories. A ratio near one says that
nothing reads the whole table; the plans, which PostgreSQL notes down meanwhile, say why.
"""

import time
from collections.abc import Awaitable, Callable
from contextlib import AsyncExitStack, ExitStack
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

import asyncpg
from sqlalchemy import event

from adapters.sqlalchemy.engine import create_engine
from adapters.sqlalchemy.service_unit import SqlAlchemyUnitOfWork
from adapters.sqlalchemy.unit_of_work import SqlAlchemyUnitOfWorkFactory
from application.audit.ports import AuditQuery
from application.ports.unit_of_work import UnitOfWorkFactory
from application.users.ports import UserOrder, UserPlace, UserQuery
from benchmarks.arena import Arena, House
from benchmarks.contenders import reading_me, refreshing_all
from benchmarks.judgement import Goal
from benchmarks.measures import Bout, Turn
from benchmarks.processes import ROOT, Cores
from benchmarks.results import Row, Sample
from benchmarks.rows import SECONDS, TIME_EACH, Beside
from benchmarks.stage import OURS, Plan
from benchmarks.towns import (
    ADMINISTRATOR,
    BORN,
    CROWDED,
    SESSIONS_OF_ONE,
    SETTINGS,
    build,
    email,
    identifier,
)
from domain.email_address import EmailAddress
from domain.identifiers import SessionId, UserId
from domain.principal import RoleName
from domain.users.user import UserStatus
from tests.support.postgres import PostgresServer

FEW = 10_000
_SMALL, _LARGE = "few", "many"
_ROUNDS = 60
_LIMIT = 51
_GOAL = Goal(1.2, 1.05, at_most=True)


@dataclass(frozen=True, slots=True)
class Town:
    """A database with so many users, and what the server said while it was asked."""

    units: UnitOfWorkFactory[SqlAlchemyUnitOfWork]
    number: int
    plans: list[str] = field(default_factory=list)

    def user(self, number: int) -> UserId:
        """Return the identifier of one of them."""
        return UserId(identifier(number))

    @property
    def middle(self) -> UserPlace:
        """Return a place in the middle of every list."""
        number = self.number // 2
        return UserPlace(user_id=self.user(number), email_key=email(number))


type Question = Callable[[Town], Awaitable[Any]]


def _search(query: UserQuery, *, from_middle: bool = False) -> Question:
    async def ask(town: Town) -> None:
        async with town.units.read_only() as unit:
            after = town.middle if from_middle else None
            await unit.users.search(query, limit=_LIMIT, after=after)

    return ask


def _check(user: Callable[[Town], int]) -> Question:
    async def ask(town: Town) -> None:
        async with town.units.read_only() as unit:
            await unit.users.get(town.user(user(town)))

    return ask


async def _own_trail(town: Town) -> None:
    async with town.units.read_only() as unit:
        await unit.audit.about(town.user(town.number // 3), limit=_LIMIT)


def _sessions(user: Callable[[Town], int]) -> Question:
    async def ask(town: Town) -> None:
        async with town.units.read_only() as unit:
            await unit.sessions.list_living(town.user(user(town)), now=BORN, limit=_LIMIT)

    return ask


async def _session_with_user(town: Town) -> None:
    async with town.units.read_only() as unit:
        assert await unit.sessions.get_with_user(SessionId(identifier(town.number * 5)))


async def _invitations(town: Town) -> None:
    async with town.units.read_only() as unit:
        await unit.invitations.list_living(now=BORN, limit=_LIMIT)


def _trail(query: Callable[[Town], AuditQuery]) -> Question:
    async def ask(town: Town) -> None:
        async with town.units.read_only() as unit:
            await unit.audit.search(query(town), limit=_LIMIT)

    return ask


def _one(town: Town) -> str:
    return str(town.user(town.number // 3))


QUERIES = {
    "users, first page, newest first": UserQuery(),
    "users by address": UserQuery(order=UserOrder.EMAIL),
    "user of one address": UserQuery(email=EmailAddress.parse(email(77))),
    "users, suspended": UserQuery(status=UserStatus.SUSPENDED),
    "users with a role": UserQuery(role=RoleName("support")),
    "users made in a second": UserQuery(
        created_after=datetime(2025, 1, 1, 0, 0, 5, tzinfo=UTC),
        created_before=datetime(2025, 1, 1, 0, 0, 6, tzinfo=UTC),
    ),
    "users by a text in the name": UserQuery(text="grace hop"),
}
QUESTIONS: dict[str, Question] = {
    "session with its user": _session_with_user,
    "sessions of one user": _sessions(lambda town: town.number // 3),
    "sessions of the user with 5,000": _sessions(lambda _: CROWDED),
    "authorization check": _check(lambda town: town.number // 3),
    "authorization check, administrator": _check(lambda _: ADMINISTRATOR),
    **{name: _search(query) for name, query in QUERIES.items()},
    "users, page from the middle": _search(UserQuery(), from_middle=True),
    "users by address from the middle": _search(UserQuery(order=UserOrder.EMAIL), from_middle=True),
    "open invitations": _invitations,
    "own security events": _own_trail,
    "audit trail": _trail(lambda _: AuditQuery()),
    "audit trail, by whom": _trail(lambda town: AuditQuery(actor=_one(town))),
    "audit trail, to whom": _trail(lambda town: AuditQuery(target=_one(town))),
    "audit trail, of a type": _trail(lambda _: AuditQuery(type="session.reused")),
    "audit trail, of a second": _trail(
        lambda _: AuditQuery(after=BORN + timedelta(seconds=5), before=BORN + timedelta(seconds=6))
    ),
}


@dataclass(slots=True)
class Growth:
    """What was found out about the two towns."""

    rounds: dict[str, dict[str, list[Sample]]] = field(default_factory=dict)
    rows: list[Row] = field(default_factory=list)
    scans: dict[str, list[str]] = field(default_factory=dict)
    """How PostgreSQL reads tables and indexes in the large town, by question."""

    def add(self, name: str, bout: Bout, line: Beside) -> None:
        """Take over what a bout has brought."""
        self.rounds[name] = bout.samples
        self.rows.append(line.row(bout, OURS))

    @property
    def read_whole(self) -> list[str]:
        """The questions that read a table without an index."""
        return [name for name, found in self.scans.items() if "Seq Scan" in " ".join(found)]


async def measure(arena: Arena, plan: Plan) -> Growth:
    """Build the towns, ask, and end what was started for it."""
    found = Growth()
    sizes = {_SMALL: FEW, OURS: plan.users}
    with ExitStack() as up:
        # Filling uses all cores, and the requests' processor time does not depend on where it runs.
        with Cores.given(arena.cores.all):
            server = up.enter_context(PostgresServer(settings=SETTINGS))
        for name, number in sizes.items():
            await build(server, _database(name), number)
        await _requests(arena, server, plan, sizes, found)
        async with AsyncExitStack() as stack:
            towns = {
                name: await _town(stack, server.url(_database(name)), number)
                for name, number in sizes.items()
            }
            for name, question in QUESTIONS.items():
                bout = Bout({who: _asking(question, town) for who, town in towns.items()})
                await bout.warm_up()
                await bout.play(_ROUNDS)
                found.add(f"growth: {name}", bout, _line(name, SECONDS))
            large = await _town(stack, server.url(_database(OURS)), plan.users, explained=True)
            for name, question in QUESTIONS.items():
                found.scans[name] = await _scans(large, question)
    return found


async def _requests(
    arena: Arena, server: PostgresServer, plan: Plan, sizes: dict[str, int], found: Growth
) -> None:
    """Ask two servers, one in front of each town, as :mod:`~benchmarks.contenders` ask one."""
    with ExitStack() as up:
        houses = {}
        for name in sizes:
            address = server.url(_database(name)).replace("+asyncpg", "")
            doorward = up.enter_context(arena.doorward(ROOT, database=address))
            houses[name] = await arena.inhabit(doorward, address, people=1)
        await _crowd(server.url(_database(OURS)).replace("+asyncpg", ""))
        works: dict[str, Callable[[House, float], Turn]] = {
            "me": reading_me,
            "refresh": refreshing_all,
        }
        for name, work in works.items():
            bout = Bout({who: work(house, plan.seconds / 2) for who, house in houses.items()})
            await bout.warm_up()
            await bout.play(plan.rounds)
            found.add(f"growth: {name}", bout, _line(name, TIME_EACH))


async def _crowd(address: str) -> None:
    """Give the person who asks five thousand sessions more."""
    connection = await asyncpg.connect(address)
    await connection.execute(
        "INSERT INTO sessions SELECT (json_populate_record(s, json_build_object("
        "'id', gen_random_uuid()))).* FROM sessions s, generate_series(1, $1) "
        "WHERE s.id = (SELECT max(id::text)::uuid FROM sessions)",
        SESSIONS_OF_ONE,
    )
    await connection.execute("ANALYZE sessions")
    await connection.close()


def _line(name: str, figure: Any) -> Beside:
    return Beside(f"growth: {name}", _SMALL, figure, _GOAL)


def _database(name: str) -> str:
    return _SMALL if name == _SMALL else _LARGE


def _asking(question: Question, town: Town) -> Turn:
    async def turn() -> list[Sample]:
        began = time.perf_counter()
        await question(town)
        return [{"seconds": time.perf_counter() - began}]

    return turn


async def _scans(town: Town, question: Question) -> list[str]:
    """Return how the plan reads tables and indexes, as PostgreSQL names it."""
    town.plans.clear()
    await question(town)
    lines = [line.strip().removeprefix("->").strip() for line in "\n".join(town.plans).split("\n")]
    scans = [line.partition("  (")[0] for line in lines if " Scan" in line and "(cost=" in line]
    assert scans, "auto_explain said nothing"
    # What goes through rows that were read already is no way of reading any.
    inner = ("CTE Scan", "WorkTable Scan", "Subquery Scan", "Function Scan")
    return [scan for scan in dict.fromkeys(scans) if not scan.startswith(inner)]


async def _town(
    stack: AsyncExitStack, address: str, number: int, *, explained: bool = False
) -> Town:
    engine = create_engine(address, pool_size=2)
    stack.push_async_callback(engine.dispose)
    town = Town(SqlAlchemyUnitOfWorkFactory(engine, SqlAlchemyUnitOfWork), number)
    if explained:

        def listen(connection: Any, _: object) -> None:
            connection.driver_connection.add_log_listener(
                lambda _, said: town.plans.append(said.message)
            )
            connection.run_async(lambda driver: driver.execute(_EXPLAINED))

        event.listen(engine.sync_engine, "connect", listen)
    return town


_EXPLAINED = """
    LOAD 'auto_explain';
    SET auto_explain.log_min_duration = 0;
    SET auto_explain.log_level = 'notice';
"""
