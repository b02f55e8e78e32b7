import asyncio
import json
import sqlite3
from contextlib import closing

from sqlalchemy import make_url

from entrypoints.container import Container
from tests.cli.operator import Operator
from tests.support.installation import over


def test_the_trail_is_verified_exported_and_a_change_behind_our_back_is_found(
    operator: Operator,
) -> None:
    """
    LG-3: exit code 1, and the place; JSON lines for a copy elsewhere.
    """
    for number in range(3):
        operator.told("users", "create", "--email", f"user{number}@example.com")
    report = operator.json("audit", "verify")
    assert (report["intact"], report["not_yet_chained"]) == (True, 3)
    asyncio.run(over(operator.url, _chain))
    after = operator.told("audit", "verify")
    assert after.startswith("3 rows chained, 0 not yet.\nhead 3 ")
    exported = operator.told("audit", "export", "--json")
    lines = [json.loads(line) for line in exported.splitlines()]
    assert [line["position"] for line in lines] == [1, 2, 3]
    assert all(line["seal"] and line["type"] == "user.registered" for line in lines)
    file = str(make_url(operator.url).database)
    with closing(sqlite3.connect(file)) as connection:
        connection.execute("UPDATE audit_events SET actor_id = 'eve' WHERE position = 2")
        connection.commit()
    found = operator.run("audit", "verify")
    assert found.returncode == 1
    assert found.stderr == f"changed at 2 {lines[1]['id']}\n"
    with closing(sqlite3.connect(file)) as connection:
        for change in (
            "actor_id = NULL WHERE position = 2",  # as it was
            "user_id = 'eve' WHERE position = 1",
            "data = '[1]' WHERE position = 2",
            "link = NULL WHERE position = 3",
        ):
            connection.execute(f"UPDATE audit_events SET {change}")
        connection.execute("UPDATE audit_events SET position = -1 WHERE position = 2")
        connection.commit()
    found = operator.run("audit", "verify")
    assert found.returncode == 1
    assert "Traceback" not in found.stderr
    reported = {tuple(line.split()[:3]) for line in found.stderr.splitlines()}
    assert {("changed", "at", "1"), ("changed", "at", "-1"), ("missing", "at", "2")} <= reported


async def _chain(container: Container) -> None:
    """
    Do what the worker does every few seconds.
    """
    assert await container.service().audit.chain() == 3
