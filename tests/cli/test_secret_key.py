"""
A wrong SECRET_KEY is found first, by every command that needs it, and a lost one is not replaced.
"""

import json
from pathlib import Path

import pytest

from tests.cli.operator import Operator
from tests.support.command_line import Done, command
from tests.support.processes import doorward, free_port

OTHER = "kX2mQ8vB4nL7pR1tY5wZ9cF3hJ6sD0gA"
NEEDED = [
    ["users", "list"],
    ["users", "create", "--email", "grace@example.com"],
    ["roles", "list"],
    ["sessions", "list", "ada@example.com"],
    ["keys", "list"],
    ["keys", "rotate"],
    ["outbox", "list"],
    ["audit", "list"],
    ["audit", "verify"],
    ["audit", "export"],
]


def _named(done: Done, cure: str) -> None:
    assert (done.returncode, done.stdout) == (1, ""), done.stderr
    [sentence] = done.stderr.splitlines()
    assert sentence.startswith("SECRET_KEY: The secret key is not the one that this database was")
    assert cure in sentence


@pytest.mark.parametrize("arguments", NEEDED, ids=" ".join)
def test_a_wrong_key_is_named_by_every_command(operators: Operator, arguments: list[str]) -> None:
    """
    CF-1: on both databases, before anything is read or written under it.
    """
    operators.json("users", "create", "--email", "ada@example.com")
    before = operators.json("audit", "verify")
    done = command(
        *arguments, folder=operators.folder, DATABASE_URL=operators.url, SECRET_KEY=OTHER
    )
    _named(done, "Set SECRET_KEY to the one that was in use.")
    assert operators.json("audit", "verify") == before


def test_a_wrong_key_refuses_the_start_of_both_processes(operator: Operator) -> None:
    operator.json("users", "create", "--email", "ada@example.com")
    wrong = {"DATABASE_URL": operator.url, "SECRET_KEY": OTHER}
    for arguments in (["serve", "--port", str(free_port())], ["worker"]):
        done = doorward(*arguments, folder=operator.folder, **wrong)
        assert done.returncode == 1
        assert "is not the one that this database was written with" in done.stdout + done.stderr
        assert "Traceback" not in done.stdout + done.stderr


@pytest.mark.parametrize("store", ["sqlite", "postgres"])
def test_a_lost_key_is_not_replaced(
    request: pytest.FixtureRequest, tmp_path: Path, store: str
) -> None:
    """
    Without the file that was kept nothing is opened, and no new one is left in its place.
    """
    settings = {"SECRET_KEY": ""}
    if store == "postgres":
        settings["DATABASE_URL"] = str(request.getfixturevalue("postgres_url")).replace(
            "+asyncpg", ""
        )
    made = command("users", "create", "--email", "ada@example.com", folder=tmp_path, **settings)
    assert made.returncode == 0, made.stderr
    kept = tmp_path / "var" / "secret_key"
    key = kept.read_bytes()
    kept.unlink()
    for _ in range(2):
        done = command("users", "list", folder=tmp_path, **settings)
        _named(done, "Put that file back")
        assert "var/secret_key, where it was kept, is gone" in done.stderr
        assert not kept.exists()
    kept.write_text(OTHER)
    kept.chmod(0o600)
    _named(command("users", "list", folder=tmp_path, **settings), "var/secret_key holds another")
    assert kept.read_text() == OTHER
    kept.write_bytes(key)
    kept.chmod(0o600)
    listed = command("users", "list", "--json", folder=tmp_path, **settings)
    assert (len(json.loads(listed.stdout)), listed.stderr) == (1, "")


def test_migrating_first_keeps_no_key_from_being_made(tmp_path: Path) -> None:
    """
    A schema holds nothing that was written under a key.
    """
    assert command("migrate", folder=tmp_path, SECRET_KEY="").returncode == 0
    assert not (tmp_path / "var" / "secret_key").exists()
    done = command("users", "list", folder=tmp_path, SECRET_KEY="")
    assert (done.returncode, done.stdout) == (0, "Nothing there.\n")
    assert "made one and kept it in var/secret_key" in done.stderr
