import asyncio
import json
import sqlite3
from contextlib import closing
from pathlib import Path

from sqlalchemy import make_url

from tests.support.processes import SECRET_KEY, doorward, environment


def test_the_trail_is_verified_exported_and_a_change_behind_our_back_is_found(
    sqlite_url: str, tmp_path: Path
) -> None:
    """
    LG-3: exit code 1, and the place; JSON lines for a copy elsewhere.
    """
    for number in range(3):
        made = doorward("users", "create", "--email", f"user{number}@example.com",
                        folder=tmp_path, DATABASE_URL=sqlite_url)  # fmt: skip
        assert made.returncode == 0, made.stderr
    before = doorward("audit", "verify", "--json", folder=tmp_path, DATABASE_URL=sqlite_url)
    report = json.loads(before.stdout)
    assert (before.returncode, report["intact"], report["not_yet_chained"]) == (0, True, 3)
    asyncio.run(_chain(sqlite_url))
    after = doorward("audit", "verify", folder=tmp_path, DATABASE_URL=sqlite_url)
    assert after.returncode == 0, after.stderr
    assert after.stdout.startswith("3 rows chained, 0 not yet.\nhead 3 ")
    exported = doorward("audit", "export", "--json", folder=tmp_path, DATABASE_URL=sqlite_url)
    lines = [json.loads(line) for line in exported.stdout.splitlines()]
    assert [line["position"] for line in lines] == [1, 2, 3]
    assert all(line["seal"] and line["type"] == "user.registered" for line in lines)
    with closing(sqlite3.connect(str(make_url(sqlite_url).database))) as connection:
        connection.execute("UPDATE audit_events SET actor_id = 'eve' WHERE position = 2")
        connection.commit()
    found = doorward("audit", "verify", folder=tmp_path, DATABASE_URL=sqlite_url)
    assert found.returncode == 1
    assert found.stderr == f"changed at 2 {lines[1]['id']}\n"
    with closing(sqlite3.connect(str(make_url(sqlite_url).database))) as connection:
        for change in (
            "actor_id = NULL WHERE position = 2",  # as it was
            "user_id = 'eve' WHERE position = 1",
            "data = '[1]' WHERE position = 2",
            "link = NULL WHERE position = 3",
        ):
            connection.execute(f"UPDATE audit_events SET {change}")
        connection.execute("UPDATE audit_events SET position = -1 WHERE position = 2")
        connection.commit()
    found = doorward("audit", "verify", folder=tmp_path, DATABASE_URL=sqlite_url)
    assert found.returncode == 1
    assert "Traceback" not in found.stderr
    reported = {tuple(line.split()[:3]) for line in found.stderr.splitlines()}
    assert {("changed", "at", "1"), ("changed", "at", "-1"), ("missing", "at", "2")} <= reported


async def _chain(url: str) -> None:
    """
    Do what the worker does every few seconds.
    """
    from entrypoints.container import close
    from entrypoints.lifecycle import build_container
    from tests.http.client import settings_for

    assert environment(Path(), {})["SECRET_KEY"] == SECRET_KEY
    container = build_container(settings_for(url, secret_key=SECRET_KEY))
    try:
        assert await container.chain_audit_trail()() == 3
    finally:
        await close(container)
