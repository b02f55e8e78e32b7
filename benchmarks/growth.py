"""How the administration's lists, searches and checks take a hundredfold of users.

The same questions are asked of two databases on one PostgreSQL, in turns, straight through the
repositories: ten thousand users, and a million. A ratio near one says that nothing reads the whole
table; the plans, which PostgreSQL notes down while it answers, say why.
"""

import asyncio
import time
from collections.abc import Awaitable, Callable
from contextlib import AsyncExitStack
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from statistics import median
from typing import Any
from uuid import UUID

import asyncpg
from sqlalchemy import event

from adapters.sqlalchemy.engine import create_engine
from adapters.sqlalchemy.service_unit import SqlAlchemyUnitOfWork
from adapters.sqlalchemy.unit_of_work import SqlAlchemyUnitOfWorkFactory
from application.audit.ports import AuditQuery
from application.ports.unit_of_work import UnitOfWorkFactory
from application.users.ports import UserOrder, UserPlace, UserQuery
from domain.email_address import EmailAddress
from domain.identifiers import UserId
from domain.principal import RoleName
from domain.users.user import UserStatus
from migrations.runner import upgrade
from tests.support.postgres import PostgresServer

FEW, MANY = 10_000, 1_000_000
_ROUNDS = 60
_LIMIT = 51


@dataclass(frozen=True, slots=True)
class Town:
    """A database with so many users, and what the server said while it was asked."""

    units: UnitOfWorkFactory[SqlAlchemyUnitOfWork]
    number: int
    plans: list[str] = field(default_factory=list)

    def user(self, number: int) -> UserId:
        """Return the identifier of one of them."""
        return UserId(_identifier(number))

    @property
    def middle(self) -> UserPlace:
        """Return a place in the middle of every list."""
        number = self.number // 2
        return UserPlace(user_id=self.user(number), email_key=_email(number))


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


async def _sessions(town: Town) -> None:
    async with town.units.read_only() as unit:
        await unit.sessions.list_living(town.user(town.number // 3), now=_BORN, limit=_LIMIT)


async def _invitations(town: Town) -> None:
    async with town.units.read_only() as unit:
        await unit.invitations.list_living(now=_BORN, limit=_LIMIT)


def _trail(query: Callable[[Town], AuditQuery]) -> Question:
    async def ask(town: Town) -> None:
        async with town.units.read_only() as unit:
            await unit.audit.search(query(town), limit=_LIMIT)

    return ask


def _one(town: Town) -> str:
    return str(town.user(town.number // 3))


_ADMINISTRATOR = 1
_BORN = datetime(2025, 1, 1, tzinfo=UTC)
QUERIES = {
    "first page, newest first": UserQuery(),
    "by address": UserQuery(order=UserOrder.EMAIL),
    "one address": UserQuery(email=EmailAddress.parse(f"user{77}@example.com")),
    "suspended": UserQuery(status=UserStatus.SUSPENDED),
    "with a role": UserQuery(role=RoleName("support")),
    "made in a second": UserQuery(
        created_after=datetime(2025, 1, 1, 0, 0, 5, tzinfo=UTC),
        created_before=datetime(2025, 1, 1, 0, 0, 6, tzinfo=UTC),
    ),
    "text in name": UserQuery(text="grace hop"),
}
QUESTIONS: dict[str, Question] = {
    **{name: _search(query) for name, query in QUERIES.items()},
    "page from the middle": _search(UserQuery(), from_middle=True),
    "page by address from the middle": _search(UserQuery(order=UserOrder.EMAIL), from_middle=True),
    "authorization check": _check(lambda town: town.number // 3),
    "authorization check, administrator": _check(lambda _: _ADMINISTRATOR),
    "sessions of one user": _sessions,
    "open invitations": _invitations,
    "own security events": _own_trail,
    "audit trail": _trail(lambda _: AuditQuery()),
    "audit trail, by whom": _trail(lambda town: AuditQuery(actor=_one(town))),
    "audit trail, to whom": _trail(lambda town: AuditQuery(target=_one(town))),
    "audit trail, of a type": _trail(lambda _: AuditQuery(type="session.reused")),
    "audit trail, of a second": _trail(
        lambda _: AuditQuery(
            after=_BORN + timedelta(seconds=5), before=_BORN + timedelta(seconds=6)
        )
    ),
}


async def measure() -> str:
    """Return the table of ratios and the plans at a million users."""
    with PostgresServer() as server:
        async with AsyncExitStack() as stack:
            for name, number in (("few", FEW), ("many", MANY)):
                await _built(server, name, number)
            few = await _town(stack, server, "few", FEW)
            many = await _town(stack, server, "many", MANY)
            lines = [
                f"| question | {FEW:,} users | {MANY:,} users | ratio |", "|---|---|---|---|",
            ]  # fmt: skip
            for name, question in QUESTIONS.items():
                small, large = await _in_turns(question, few, many)
                lines.append(
                    f"| {name} | {small * 1e3:.2f} ms | {large * 1e3:.2f} ms "
                    f"| {large / small:.2f} |"
                )
            lines += ["", f"What is read, and how, at {MANY:,} users:", ""]
            async with AsyncExitStack() as watched:
                town = await _town(watched, server, "many", MANY, explained=True)
                scans = {name: await _scans(town, asked) for name, asked in QUESTIONS.items()}
            lines += [f"- {name}: {'; '.join(found)}" for name, found in scans.items()]
            whole = [name for name, found in scans.items() if "Seq Scan" in " ".join(found)]
            lines += ["", f"Read without an index: {', '.join(whole) or 'nothing'}."]
    return "\n".join(lines)


async def _in_turns(question: Question, few: Town, many: Town) -> tuple[float, float]:
    times: dict[int, list[float]] = {few.number: [], many.number: []}
    for _ in range(_ROUNDS):
        for town in (few, many):
            began = time.perf_counter()
            await question(town)
            times[town.number].append(time.perf_counter() - began)
    return median(times[few.number]), median(times[many.number])


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


async def _built(server: PostgresServer, name: str, number: int) -> None:
    admin = await asyncpg.connect(server.url().replace("+asyncpg", ""))
    await admin.execute(f"CREATE DATABASE {name}")
    await admin.close()
    await upgrade(server.url(name))
    connection = await asyncpg.connect(server.url(name).replace("+asyncpg", ""))
    try:
        await _fill(connection, number)
    finally:
        await connection.close()


async def _town(
    stack: AsyncExitStack,
    server: PostgresServer,
    name: str,
    number: int,
    *,
    explained: bool = False,
) -> Town:
    engine = create_engine(server.url(name), pool_size=2)
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


def _identifier(number: int) -> UUID:
    """Return a UUIDv7 that was born so many milliseconds after the first."""
    born = int(_BORN.timestamp() * 1000) + number
    return UUID(int=born << 80 | 7 << 76 | 0b10 << 62 | number)


def _email(number: int) -> str:
    return f"user{number}@example.com"


async def _fill(connection: asyncpg.Connection, number: int) -> None:
    columns = ["id", "email", "email_key", "display_name", "search_text", "email_verified_at",
               "suspended_at", "created_at", "updated_at", "version"]  # fmt: skip
    rare = number // 100  # the same hundred of each kind in both: only the rest grows
    moment = _BORN
    roles = [f"role-{each}" for each in range(100)]
    await connection.copy_records_to_table(
        "roles",
        columns=["name", "created_at", "updated_at", "version"],
        records=[(role, moment, moment, 0) for role in (*roles, "support")],
    )
    await connection.copy_records_to_table(
        "role_permissions",
        columns=["role", "permission"],
        records=[
            (role, f"product:do-{(20 * number + each) % 200}")
            for number, role in enumerate(roles)
            for each in range(20)
        ],
    )
    for start in range(0, number, 50_000):
        numbers = range(start, min(start + 50_000, number))
        await connection.copy_records_to_table(
            "users", columns=columns, records=[_user(each, rare) for each in numbers]
        )
        await connection.copy_records_to_table(
            "user_roles",
            columns=["user_id", "role"],
            records=[
                (_identifier(each), role)
                for each in numbers
                for role in (["user", "support"] if each % rare == 0 else ["user"])
            ],
        )
        await connection.copy_records_to_table(
            "audit_events",
            columns=["id", "occurred_at", "type", "outcome", "actor_kind", "actor_id",
                     "target_kind", "target_id", "user_id", "data"],
            records=[
                (_identifier(each), _BORN + timedelta(milliseconds=each), "user.registered",
                 "success", "anonymous", None, "user", str(_identifier(each)),
                 str(_identifier(each)), "{}")
                for each in numbers
            ],
        )  # fmt: skip
        await connection.copy_records_to_table(
            "sessions", columns=_SESSION, records=[_session(each) for each in numbers]
        )
        await connection.copy_records_to_table(
            "invitations",
            columns=["id", "email", "email_key", "roles", "digest", "created_at", "expires_at"],
            records=[
                (_identifier(each), f"guest{each}@example.com", f"guest{each}@example.com", "[]",
                 _digest(each), _BORN, _BORN + timedelta(days=1))
                for each in numbers
            ],
        )  # fmt: skip
    await connection.execute(
        "INSERT INTO user_roles VALUES ($1, 'administrator')", _identifier(_ADMINISTRATOR)
    )
    await connection.execute("VACUUM ANALYZE")


_SESSION = ["id", "user_id", "created_at", "last_used_at", "idle_expires_at",
            "absolute_expires_at", "generation", "family_digest", "current_digest",
            "version"]  # fmt: skip


def _session(number: int) -> tuple[Any, ...]:
    user, later = _identifier(number), _BORN + timedelta(days=1)
    return (user, user, _BORN, _BORN, later, later, 0, _digest(number), _digest(number), 0)


def _digest(number: int) -> bytes:
    return number.to_bytes(32)


def _user(number: int, rare: int) -> tuple[Any, ...]:
    moment, email = _BORN + timedelta(milliseconds=number), _email(number)
    name = f"Grace Hopper {number}" if number % rare == 1 else f"Ada Lovelace {number}"
    suspended = moment if number % rare == 0 else None
    text = f"{email} {name}".casefold()
    return (
        _identifier(number), email, email, name, text, moment, suspended, moment, moment, 0,
    )  # fmt: skip


def main() -> None:
    """Measure and print."""
    print(asyncio.run(measure()))


if __name__ == "__main__":
    main()
