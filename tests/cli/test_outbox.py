import json
from pathlib import Path

import pytest

from tests.support.processes import doorward


@pytest.fixture(params=["sqlite", "postgres"])
def database_url(request: pytest.FixtureRequest) -> str:
    url: str = request.getfixturevalue(f"{request.param}_url")
    return url.replace("+asyncpg", "").replace("+aiosqlite", "")


def test_the_operator_sees_waiting_mail_and_sends_it_on_its_way(
    database_url: str, tmp_path: Path
) -> None:
    """
    OB-4: with the service's own use cases, offline.
    """
    made = doorward("users", "create", "--email", "ada@example.com", folder=tmp_path,
                    DATABASE_URL=database_url)  # fmt: skip
    assert made.returncode == 0, made.stderr
    listed = doorward("outbox", "list", "--json", folder=tmp_path, DATABASE_URL=database_url)
    [message] = json.loads(listed.stdout)
    assert (message["to"], message["kind"], message["status"], message["attempts"]) == (
        "ada@example.com", "reset_password", "waiting", 0,
    )  # fmt: skip
    assert "secret" not in listed.stdout
    table = doorward("outbox", "list", folder=tmp_path, DATABASE_URL=database_url)
    assert table.stdout.splitlines()[0].split()[:3] == ["ID", "KIND", "TO"]
    assert message["id"] in table.stdout
    for arguments, told in (([message["id"]], "1 due now.\n"), (["--all"], "0 due now.\n")):
        done = doorward("outbox", "redrive", *arguments, folder=tmp_path, DATABASE_URL=database_url)
        assert (done.returncode, done.stdout) == (0, told), done.stderr
    dead = doorward("outbox", "list", "--status", "dead", folder=tmp_path,
                    DATABASE_URL=database_url)  # fmt: skip
    assert dead.stdout == "Nothing there.\n"


@pytest.mark.parametrize(
    ("arguments", "exit_code"),
    [
        (["redrive"], 2),
        (["redrive", "--all", "019aa5c2-7f3e-7c41-9b0a-2f6d1e8c4b5a"], 2),
        (["redrive", "019aa5c2-7f3e-7c41-9b0a-2f6d1e8c4b5a"], 3),
        (["redrive", "no-id"], 3),
        (["list", "--status", "lost"], 2),
    ],
)
def test_what_cannot_be_has_its_exit_code(
    sqlite_url: str, tmp_path: Path, arguments: list[str], exit_code: int
) -> None:
    done = doorward("outbox", *arguments, folder=tmp_path, DATABASE_URL=sqlite_url)
    assert done.returncode == exit_code, done.stderr
    assert done.stdout == ""
