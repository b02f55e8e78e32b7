"""
The program `doorward-documents`: Doorward's commands over the parts of this service, and one group
more.
"""

import json
import subprocess
import sys
import urllib.error
import urllib.request
from pathlib import Path
from typing import Any

import pytest

from examples.documents.domain.permissions import PERMISSIONS
from examples.documents.entrypoints.cli.main import main
from tests.support.command_line import Done, command, command_of
from tests.support.processes import environment, free_port, wait_for_status

ADA = "ada@example.com"


class Operator:
    """
    Runs commands, one after the other, over the same database.
    """

    def __init__(self, url: str, folder: Path) -> None:
        self._url, self._folder = url, folder

    def run(self, *arguments: str, stdin: str = "") -> Done:
        return command_of(
            main, *arguments, folder=self._folder, stdin=stdin, DATABASE_URL=self._url
        )

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


@pytest.fixture
def ada(operator: Operator) -> str:
    """
    The id of a user, made with a command of Doorward's.
    """
    return str(operator.json("users", "create", "--email", ADA, "--verified")["id"])


def test_documents_are_written_listed_and_removed(operator: Operator, ada: str) -> None:
    assert operator.told("documents", "list", ADA) == "Nothing there.\n"
    made = operator.json(
        "documents", "create", ADA, "--title", "Notes", stdin="Line one\nline two\n"
    )
    assert (made["user_id"], made["text"]) == (ada, "Line one\nline two\n")
    told = operator.told("documents", "create", ada, "--title", "More", stdin="")
    assert told.endswith("  More\n")
    assert [each["title"] for each in operator.json("documents", "list", ada)] == ["More", "Notes"]
    header, *rows = operator.told("documents", "list", ADA).splitlines()
    assert header.split()[:2] == ["ID", "TITLE"]
    assert len(rows) == 2
    removed = operator.told("documents", "remove", ADA, made["id"])
    assert removed == f"{made['id']} removed.\n"
    assert [each["title"] for each in operator.json("documents", "list", ADA)] == ["More"]
    events = operator.json("audit", "list", "--target", ada)
    assert {(each["type"], each["actor"]["kind"]) for each in events} >= {
        ("document.created", "operator"),
        ("document.removed", "operator"),
    }


@pytest.mark.parametrize("document", ["019aa5c2-7f3e-7c41-9b0a-2f6d1e8c4b5a", "no-uuid"])
def test_what_is_not_there_ends_with_its_exit_code(
    operator: Operator, ada: str, document: str
) -> None:
    done = operator.run("documents", "remove", ada, document)
    assert (done.returncode, done.stdout) == (3, "")
    assert done.stderr.startswith("DOCUMENT_NOT_FOUND: ")
    unknown = operator.run("documents", "list", "eve@example.com")
    assert (unknown.returncode, unknown.stderr[:16]) == (3, "USER_NOT_FOUND: ")


def test_what_breaks_a_rule_is_refused_by_field(operator: Operator, ada: str) -> None:
    done = operator.run("documents", "create", ada, "--title", " ", stdin="text")
    assert (done.returncode, done.stdout) == (1, "")
    assert "title: INVALID_TITLE: " in done.stderr


def test_export_and_erasure_of_doorward_know_documents(operator: Operator, ada: str) -> None:
    made = operator.json("documents", "create", ada, "--title", "Notes", stdin="text")
    held = json.loads(operator.told("users", "export", ADA))
    assert [each["id"] for each in held["documents"]] == [made["id"]]
    operator.told("users", "erase", ADA, "--yes")
    again = operator.json("users", "create", "--email", ADA, "--verified")["id"]
    assert json.loads(operator.told("users", "export", again))["documents"] == []


def test_the_program_has_all_of_doorwards_commands_and_its_own_name(operator: Operator) -> None:
    told = operator.told("--help")
    assert told.startswith("Usage: doorward-documents COMMAND")
    commands = ["audit", "documents", "keys", "migrate", "openapi", "serve", "users", "worker"]
    assert [each for each in commands if f"│ {each} " in told] == commands
    assert operator.run("nonsense").returncode == 2
    assert operator.told("completion", "bash").startswith(
        "# Bash completion for doorward-documents"
    )


def test_doorwards_own_program_knows_nothing_of_documents(sqlite_url: str, tmp_path: Path) -> None:
    """
    Both are in this process, and groups of commands are shared between them.
    """
    Operator(sqlite_url, tmp_path).told("documents", "--help")
    done = command("documents", "list", ADA, folder=tmp_path, DATABASE_URL=sqlite_url)
    assert done.returncode == 2
    assert "documents" not in command("--help", folder=tmp_path).stdout


def test_the_openapi_document_has_the_routes(operator: Operator) -> None:
    paths = json.loads(operator.told("openapi"))["paths"]
    assert {"/api/v1/users/me/documents", "/api/v1/users/me"} <= paths.keys()


def test_a_service_is_really_served(sqlite_url: str, tmp_path: Path) -> None:
    port = free_port()
    settings = {"DATABASE_URL": sqlite_url, "PORT": str(port), "DOCS": "true"}
    with subprocess.Popen(
        [sys.executable, "-m", "examples.documents.entrypoints.cli.main", "serve"],
        cwd=Path(__file__).parents[3],
        env=environment(tmp_path, {**settings, "SECRET_KEY": "v7Yq2m9Zt4Lw8Rk1Xs6Bn3Hf5Jd0GpCa"}),
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    ) as process:
        try:
            base = f"http://127.0.0.1:{port}"
            wait_for_status(f"{base}/health/ready", 200, process)
            with urllib.request.urlopen(f"{base}/openapi.json", timeout=5) as answer:
                assert "/api/v1/users/me/documents" in json.load(answer)["paths"]
            with pytest.raises(urllib.error.HTTPError) as refusal:
                urllib.request.urlopen(f"{base}/api/v1/users/me/documents", timeout=5)
            with refusal.value:
                assert refusal.value.code == 401
            process.terminate()
            assert process.wait(30) == 0
        finally:
            if process.poll() is None:
                process.kill()


def test_what_is_given_to_administrators_is_known(operator: Operator) -> None:
    roles = {each["name"]: each for each in operator.json("roles", "list")}
    assert set(PERMISSIONS) <= set(roles["administrator"]["permissions"])
