import json
from pathlib import Path

import pytest

from tests.support.processes import doorward

PASSWORD = "violet kettle hums softly"


@pytest.fixture(params=["sqlite", "postgres"])
def database_url(request: pytest.FixtureRequest) -> str:
    url: str = request.getfixturevalue(f"{request.param}_url")
    return url.replace("+asyncpg", "").replace("+aiosqlite", "")


def test_the_first_administrator_is_made_from_the_command_line(
    database_url: str, tmp_path: Path
) -> None:
    """
    AZ-3: bootstrapping needs no account; the password comes on standard input alone.
    """
    made = doorward(
        "users", "create", "--email", "Root@Example.com", "--role", "administrator",
        "--verified", "--password-stdin", "--json",
        folder=tmp_path, stdin=PASSWORD + "\n", DATABASE_URL=database_url,
    )  # fmt: skip
    assert made.returncode == 0, made.stderr
    user = json.loads(made.stdout)
    assert user["email"] == "Root@example.com"
    assert user["status"] == "active"
    assert user["roles"] == ["administrator", "user"]
    again = doorward(
        "users", "create", "--email", "root@example.com", folder=tmp_path,
        DATABASE_URL=database_url,
    )  # fmt: skip
    assert again.returncode == 1
    assert again.stderr.startswith("EMAIL_ALREADY_REGISTERED: ")
    assert again.stdout == ""


@pytest.mark.parametrize(
    ("arguments", "stdin", "exit_code", "told"),
    [
        (["--email", "ada@example.com", "--role", "nobody"], "", 3, "ROLE_NOT_FOUND"),
        (["--email", "no address"], "", 1, "VALIDATION_ERROR"),
        (["--email", "ada@example.com", "--password-stdin"], "short", 1, "TOO_SHORT"),
        (["--email", "ada@example.com", "--password", PASSWORD], "", 2, ""),
        ([], "", 2, ""),
    ],
)
def test_a_refusal_has_its_exit_code_and_never_repeats_a_password(
    sqlite_url: str, tmp_path: Path, arguments: list[str], stdin: str, exit_code: int, told: str
) -> None:
    """
    LG-1: what was typed as a password stands neither in the output nor in an option.
    """
    done = doorward(
        "users", "create", *arguments, folder=tmp_path, stdin=stdin, DATABASE_URL=sqlite_url
    )
    assert done.returncode == exit_code
    assert told in done.stderr
    if stdin:
        assert stdin not in done.stdout + done.stderr.replace("TOO_SHORT", "")


def test_a_database_that_is_away_means_come_back_later(tmp_path: Path) -> None:
    done = doorward(
        "users", "create", "--email", "ada@example.com",
        folder=tmp_path, DATABASE_URL="postgresql://doorward:hunter2secret@127.0.0.1:1/doorward",
    )  # fmt: skip
    assert done.returncode == 75, done.stderr
    assert "SERVICE_UNAVAILABLE" in done.stderr
    assert "hunter2secret" not in done.stdout + done.stderr


def test_migrate_tells_plans_and_does(tmp_path: Path) -> None:
    """
    DB-5: a schema that is behind is told by --check, listed by --plan and mended without either.
    """
    url = {"DATABASE_URL": f"sqlite:///{tmp_path}/new.db"}
    behind = doorward("migrate", "--check", folder=tmp_path, **url)
    assert behind.returncode == 1
    planned = doorward("migrate", "--plan", folder=tmp_path, **url)
    assert planned.returncode == 0
    assert planned.stdout == behind.stdout != ""
    assert doorward("migrate", folder=tmp_path, **url).returncode == 0
    assert doorward("migrate", "--check", folder=tmp_path, **url).returncode == 0
    assert doorward("migrate", "--plan", folder=tmp_path, **url).stdout == ""


def test_check_names_every_problem_with_its_cure_and_no_secret(tmp_path: Path) -> None:
    """
    CF-1: a weak key is found before anybody is served with it.
    """
    done = doorward(
        "check", folder=tmp_path, ENVIRONMENT="production", SECRET_KEY="changeme" * 5,
        DATABASE_URL=f"sqlite:///{tmp_path}/new.db",
    )  # fmt: skip
    assert done.returncode == 1
    assert "SECRET_KEY: " in done.stdout
    assert "changeme" not in done.stdout + done.stderr
    assert "schema" in done.stdout
    as_json = doorward(
        "check", "--json", folder=tmp_path, ENVIRONMENT="production", SECRET_KEY="changeme" * 5,
        DATABASE_URL=f"sqlite:///{tmp_path}/new.db",
    )  # fmt: skip
    assert as_json.returncode == 1
    levels = {each["setting"]: each["level"] for each in json.loads(as_json.stdout)}
    assert levels["SECRET_KEY"] == "error"


def test_a_weak_key_refuses_the_start_in_production(tmp_path: Path) -> None:
    """
    CF-1: the message tells the cure and not the key.
    """
    done = doorward("serve", folder=tmp_path, ENVIRONMENT="production", SECRET_KEY="short")
    assert done.returncode == 1
    assert "SECRET_KEY" in done.stderr
    assert "short\n" not in done.stderr


def test_a_schema_that_is_behind_refuses_the_start(tmp_path: Path) -> None:
    """
    DB-5: nobody is served from tables that this version does not know.
    """
    done = doorward(
        "serve", "--port", "0", folder=tmp_path, MIGRATE_ON_START="false",
        DATABASE_URL=f"sqlite:///{tmp_path}/new.db",
    )  # fmt: skip
    assert done.returncode != 0
    assert "doorward migrate" in done.stdout + done.stderr
    assert "Traceback" not in done.stdout + done.stderr


def test_an_unknown_key_in_dot_env_refuses_the_start(tmp_path: Path) -> None:
    (tmp_path / ".env").write_text("ACCES_TOKEN_TTL=60\n")
    done = doorward("serve", folder=tmp_path)
    assert done.returncode == 1
    assert "ACCESS_TOKEN_TTL" in done.stderr


def test_openapi_prints_the_document(tmp_path: Path) -> None:
    done = doorward("openapi", folder=tmp_path, DATABASE_URL="memory://")
    assert done.returncode == 0, done.stderr
    document = json.loads(done.stdout)
    assert document["openapi"].startswith("3.1")
    assert "/api/v1/sessions/refresh" in document["paths"]
