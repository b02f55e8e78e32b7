"""
Commands about an installation: its schema, its settings, its start, its description.
"""

import json
from pathlib import Path

from tests.support.command_line import command
from tests.support.processes import doorward, free_port


def test_migrate_tells_plans_and_does(tmp_path: Path) -> None:
    """
    DB-5: a schema that is behind is told by --check, listed by --plan and mended without either.
    """
    url = {"DATABASE_URL": f"sqlite:///{tmp_path}/new.db"}
    behind = command("migrate", "--check", folder=tmp_path, **url)
    assert behind.returncode == 1
    planned = command("migrate", "--plan", folder=tmp_path, **url)
    assert planned.returncode == 0
    assert planned.stdout == behind.stdout != ""
    assert command("migrate", folder=tmp_path, **url).returncode == 0
    assert command("migrate", "--check", folder=tmp_path, **url).returncode == 0
    assert command("migrate", "--plan", folder=tmp_path, **url).stdout == ""


def test_check_tells_of_a_key_that_is_missing(tmp_path: Path) -> None:
    """CF-1: what needs the key cannot be asked, and all other findings are there."""
    settings = {
        "ENVIRONMENT": "production",
        "SECRET_KEY": "",
        "DATABASE_URL": f"sqlite:///{tmp_path}/new.db",
    }
    done = command("check", folder=tmp_path, **settings)
    assert done.returncode == 1
    assert "SECRET_KEY: " in done.stdout
    assert "MAIL_FROM: " in done.stdout
    assert "Traceback" not in done.stderr


def test_check_names_every_problem_with_its_cure_and_no_secret(tmp_path: Path) -> None:
    """
    CF-1: a weak key is found before the service starts with it.
    """
    settings = {
        "ENVIRONMENT": "production",
        "SECRET_KEY": "changeme" * 5,
        "DATABASE_URL": f"sqlite:///{tmp_path}/new.db",
    }
    done = command("check", folder=tmp_path, **settings)
    assert done.returncode == 1
    assert "SECRET_KEY: " in done.stdout
    assert "changeme" not in done.stdout + done.stderr
    assert "schema" in done.stdout
    as_json = command("check", "--json", folder=tmp_path, **settings)
    assert as_json.returncode == 1
    levels = {each["setting"]: each["level"] for each in json.loads(as_json.stdout)}
    assert levels["SECRET_KEY"] == "error"


def test_a_weak_key_refuses_the_start_in_production(tmp_path: Path) -> None:
    """
    CF-1: the message tells the cure and not the key.
    """
    done = command("serve", folder=tmp_path, ENVIRONMENT="production", SECRET_KEY="short")
    assert done.returncode == 1
    assert "SECRET_KEY" in done.stderr
    assert "short\n" not in done.stderr


def test_a_schema_that_is_behind_refuses_the_start(tmp_path: Path) -> None:
    """
    DB-5: no request is served from tables that this version does not know.
    """
    done = doorward(
        "serve", "--port", str(free_port()), folder=tmp_path, MIGRATE_ON_START="false",
        DATABASE_URL=f"sqlite:///{tmp_path}/new.db",
    )  # fmt: skip
    assert done.returncode != 0
    assert "doorward migrate" in done.stdout + done.stderr
    assert "Traceback" not in done.stdout + done.stderr


def test_an_unknown_key_in_dot_env_refuses_the_start(tmp_path: Path) -> None:
    (tmp_path / ".env").write_text("ACCES_TOKEN_TTL=60\n")
    done = command("serve", folder=tmp_path)
    assert done.returncode == 1
    assert "ACCESS_TOKEN_TTL" in done.stderr


def test_openapi_prints_the_document(tmp_path: Path) -> None:
    done = command("openapi", folder=tmp_path, DATABASE_URL="memory://")
    assert done.returncode == 0, done.stderr
    document = json.loads(done.stdout)
    assert document["openapi"].startswith("3.1")
    assert "/api/v1/sessions/refresh" in document["paths"]
