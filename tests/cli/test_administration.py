import json
import subprocess
from pathlib import Path
from typing import Any

import pytest

from tests.support.processes import doorward

PASSWORD = "violet kettle hums softly"
ADA = "ada@example.com"


class Operator:
    """
    Somebody at the command line of one installation.
    """

    def __init__(self, url: str, folder: Path) -> None:
        self._url, self._folder = url, folder

    def run(self, *arguments: str, stdin: str = "") -> subprocess.CompletedProcess[str]:
        return doorward(*arguments, folder=self._folder, stdin=stdin, DATABASE_URL=self._url)

    def told(self, *arguments: str, stdin: str = "") -> str:
        """
        Return what a command that succeeds prints; it says nothing beside that.
        """
        done = self.run(*arguments, stdin=stdin)
        assert (done.returncode, done.stderr) == (0, ""), done.stderr
        return done.stdout

    def json(self, *arguments: str, stdin: str = "") -> Any:
        return json.loads(self.told(*arguments, "--json", stdin=stdin))


@pytest.fixture
def operator(sqlite_url: str, tmp_path: Path) -> Operator:
    return Operator(sqlite_url, tmp_path)


@pytest.mark.parametrize("kind", ["sqlite", "postgres"])
def test_an_account_is_made_found_suspended_reinstated_exported_and_erased(
    kind: str, request: pytest.FixtureRequest, tmp_path: Path
) -> None:
    """
    HD-13, AT-4: by address or by id, offline, with the service's own use cases.
    """
    operator = Operator(str(request.getfixturevalue(f"{kind}_url")), tmp_path)
    made = operator.json(
        "users", "create", "--email", ADA, "--verified", "--password-stdin", stdin=PASSWORD
    )
    assert [user["id"] for user in operator.json("users", "list", "--query", "ada@")] == [
        made["id"]
    ]
    assert operator.json("users", "list", "--status", "suspended") == []
    assert operator.json("users", "show", "Ada@example.com") == operator.json(
        "users", "show", made["id"]
    )
    suspended = operator.json("users", "suspend", ADA, "--reason", "chargeback")
    assert suspended["status"] == "suspended"
    assert operator.json("users", "reinstate", made["id"])["status"] == "active"
    assert operator.json("users", "unlock", ADA)["status"] == "active"
    export = json.loads(operator.told("users", "export", ADA))
    assert export["user"]["email"] == ADA
    assert "argon2" not in json.dumps(export)
    kept = operator.run("users", "erase", ADA)
    assert (kept.returncode, kept.stdout) == (2, "")
    assert operator.told("users", "erase", ADA, "--yes") == f"{made['id']} erased.\n"
    gone = operator.run("users", "show", made["id"])
    assert (gone.returncode, gone.stdout) == (3, "")
    assert gone.stderr.startswith("USER_NOT_FOUND: ")
    types = [row["type"] for row in operator.json("audit", "list", "--target", made["id"])]
    assert types[:2] == ["user.erased", "user.exported"]
    actors = {row["actor"]["kind"] for row in operator.json("audit", "list")}
    assert actors == {"operator"}


def test_roles_are_defined_given_taken_and_removed(operator: Operator) -> None:
    """
    AZ-3: with a product's own permission; the last administrator stays.
    """
    operator.json("users", "create", "--email", ADA, "--verified", "--role", "administrator")
    defined = operator.json(
        "roles", "define", "support", "--permission", "orders:refund",
        "--permission", "users:read", "--description", "Helps.",
    )  # fmt: skip
    assert defined["permissions"] == ["orders:refund", "users:read"]
    operator.told("roles", "grant", ADA, "support")
    assert operator.json("users", "show", ADA)["roles"] == ["administrator", "support", "user"]
    held = operator.run("roles", "remove", "support")
    assert (held.returncode, held.stderr.partition(":")[0]) == (1, "ROLE_IN_USE")
    operator.told("roles", "revoke", ADA, "support")
    operator.told("roles", "remove", "support")
    names = [role["name"] for role in operator.json("roles", "list")]
    assert names == ["administrator", "user"]
    last = operator.run("roles", "revoke", ADA, "administrator")
    assert (last.returncode, last.stderr.partition(":")[0]) == (1, "LAST_ADMINISTRATOR")
    assert operator.run("roles", "grant", ADA, "nobody").returncode == 3
    assert operator.run("roles", "define", "x", "--permission", "nonsense").returncode == 1


def test_keys_are_rotated_and_revoked(operator: Operator) -> None:
    """
    TK-3: and the private half is never shown.
    """
    first = operator.json("keys", "rotate")
    assert first["state"] == "active"
    second = operator.json("keys", "rotate")
    assert second["state"] == "published"
    assert operator.told("keys", "revoke", first["kid"]) == f"{first['kid']} revoked.\n"
    listed = operator.json("keys", "list")
    assert sorted(key["state"] for key in listed) == ["active", "gone", "published"]
    assert "private" not in json.dumps(listed)
    assert operator.run("keys", "revoke", "nothing").returncode == 3


def test_people_get_tables(sqlite_url: str, tmp_path: Path) -> None:
    """
    LG-2: what somebody typed as a name stays on its line.
    """
    operator = Operator(sqlite_url, tmp_path)
    operator.json("users", "create", "--email", ADA, "--display-name", "Ada Lovelace")
    heading, row = operator.told("users", "list").splitlines()
    assert heading.split() == ["ID", "EMAIL", "STATUS", "DISPLAY", "NAME", "ROLES", "CREATED", "AT"]
    assert "Ada Lovelace" in row
    assert operator.told("sessions", "list", ADA) == "Nothing there.\n"
    assert operator.json("sessions", "list", ADA) == []
    assert operator.told("sessions", "revoke", ADA) == "0 ended.\n"
    assert operator.run("sessions", "revoke", ADA, "--session", "no-id").returncode == 3
    assert operator.told("audit", "list").splitlines()[0].startswith("OCCURRED AT")
    for shell in ("bash", "zsh", "fish"):
        assert "doorward" in operator.told("completion", shell)


@pytest.mark.parametrize(
    ("arguments", "exit_code"),
    [
        (["users", "show", "nobody@example.com"], 3),
        (["users", "show", "no-id"], 3),
        (["users", "show", "@"], 1),
        (["users", "suspend", "nobody@example.com"], 2),
        (["users", "list", "--sort", "password"], 2),
        (["users", "list", "--query", "x"], 1),
        (["users", "frobnicate"], 2),
        (["roles", "remove", "administrator"], 1),
        (["completion", "tcsh"], 2),
    ],
)
def test_every_end_has_its_exit_code(
    sqlite_url: str, tmp_path: Path, arguments: list[str], exit_code: int
) -> None:
    done = Operator(sqlite_url, tmp_path).run(*arguments)
    assert done.returncode == exit_code, done.stderr
    assert done.stdout == "" or exit_code == 2
