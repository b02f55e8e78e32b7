"""
Commands about an installation: its schema, its settings, its start, its description.
"""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.support.command_line import command
from tests.support.processes import doorward, free_port, started, wait_for_status


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
    assert list(tmp_path.iterdir()) == []
    count = len(planned.stdout.splitlines())
    assert behind.stderr == (
        f"The schema is {count} revisions behind this version. Run `doorward migrate`.\n"
    )
    assert planned.stderr == f"{count} revisions to be applied. Nothing was changed.\n"
    done = command("migrate", folder=tmp_path, **url)
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout == (
        f"{planned.stdout}{count} revisions applied: the schema is that of this version.\n"
    )
    for option in ([], ["--check"], ["--plan"]):
        again = command("migrate", *option, folder=tmp_path, **url)
        assert (again.returncode, again.stderr) == (0, "")
        assert again.stdout == "Nothing to do: the schema is that of this version.\n"


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


def test_openapi_prints_the_document_and_makes_nothing(tmp_path: Path) -> None:
    done = command("openapi", folder=tmp_path, SECRET_KEY="")
    assert (done.returncode, done.stderr) == (0, "")
    assert list(tmp_path.iterdir()) == []
    document = json.loads(done.stdout)
    assert document["openapi"].startswith("3.1")
    assert "/api/v1/sessions/refresh" in document["paths"]


ODD = {
    "DATABASE_URL": [
        "postgresql://jane:hunter2℀@db.example:port/accounts",
        "postgresql://jane:hunter2℀x",
        "postgresql://jane:hunter2#x@db.example/accounts",
        "postgresql://jane:hunter2@db.example/accounts?channel_binding=require",
        "postgresql://jane:hunter2@db.example/accounts?hunter2=1",
        "postgresql://jane:hunter2@db.example:99999/accounts",
        "postgresql://jane:hunter2@[::hunter2]/accounts",
        "sqlite:///hunter2.db?mode=ro",
        "sqlite:///~/hunter2.db",
    ],
    "SMTP_URL": [
        "smtp://jane:hunter2℀x", "smtp://jane:hunter2#x@mail", "smtp://jane:hunter2@mail:x",
        "smtp://jane:hunter2@mail?starttls=never", "smtps://mail?starttls=hunter2",
    ],
    "PUBLIC_URL": ["https://hunter2℀.example", "https://hunter2.example/#x", "https://hunter2:x"],
    "LINK_BASE_URL": ["https://hunter2℀.example/x", "https://hunter2.example/x#y"],
    "CORS_ORIGINS": ["https://a.example,https://hunter2℀.example", "https://hunter2.example#"],
    "MAIL_FROM": ["Jane <jane@hunter2℀.example>", "jane@hunter2_.example:25"],
}  # fmt: skip


@pytest.mark.parametrize(
    ("setting", "value"), [(s, v) for s, values in ODD.items() for v in values]
)
def test_an_address_that_cannot_be_read_is_a_finding(
    tmp_path: Path, setting: str, value: str
) -> None:
    """CF-1, LG-1: told by `check` with its cure, and by no command with a traceback or a value."""
    found = json.loads(command("check", "--json", folder=tmp_path, **{setting: value}).stdout)
    (finding,) = (each for each in found if each["level"] == "error")
    assert finding["setting"] == setting
    assert finding["message"]
    assert finding["cure"]
    for arguments in (("check",), ("serve",), ("worker",), ("migrate",), ("users", "list")):
        done = command(*arguments, folder=tmp_path, **{setting: value})
        assert done.returncode == 1
        assert setting in done.stdout + done.stderr
        assert "hunter2" not in done.stdout + done.stderr
        assert "Traceback" not in done.stdout + done.stderr


@pytest.mark.parametrize("address", ["sqlite:///a%20b/c%3F.db", "sqlite:///a b/c%3F.db"])
def test_every_command_means_the_same_file(tmp_path: Path, address: str) -> None:
    """Its key beside it, too."""
    settings = {"DATABASE_URL": address, "SECRET_KEY": ""}
    assert command("migrate", folder=tmp_path, **settings).returncode == 0
    assert command("users", "list", folder=tmp_path, **settings).returncode == 0
    assert command("check", folder=tmp_path, **settings).returncode == 0
    port = free_port()
    with started("serve", folder=tmp_path, PORT=str(port), **settings) as process:
        wait_for_status(f"http://127.0.0.1:{port}/health/ready", 200, process)
    (folder,) = (each for each in tmp_path.iterdir() if each.is_dir())
    assert folder.name == "a b"
    assert {each.name.partition("-")[0] for each in folder.iterdir()} == {"c?.db", "secret_key"}


def test_alembic_means_the_same_file(tmp_path: Path) -> None:
    """A developer's own command line reads the address as the service does."""
    environment = {**os.environ, "DATABASE_URL": f"sqlite:///{tmp_path}/a%20b.db"}
    root = Path(__file__).parents[2]
    done = subprocess.run(
        [sys.executable, "-m", "alembic", "upgrade", "head"],
        cwd=root, env=environment, capture_output=True, text=True, check=False, timeout=60,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    assert (tmp_path / "a b.db").stat().st_size > 0
