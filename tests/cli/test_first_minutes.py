"""
The first minutes: help at once, a start that says where everything is, or what stands in its way.
"""

import importlib.util
import os
import signal
import socket
import subprocess
import sys
import urllib.request
from collections.abc import Iterator
from importlib.metadata import entry_points, version
from pathlib import Path

import pytest
from pydantic import SecretStr

from entrypoints.cli.main import DOORWARD, command_line
from entrypoints.cli.service import Group
from entrypoints.http.banner import banner
from entrypoints.settings import Settings
from tests.support.command_line import Done, command
from tests.support.processes import doorward, environment, free_port, started, wait_for_line
from tests.support.terminals import on_a_terminal

HEAVY = {
    "adapters",
    "aiosmtplib",
    "aiosqlite",
    "alembic",
    "argon2",
    "asyncio",
    "asyncpg",
    "cryptography",
    "dependency_injector",
    "fastapi",
    "jinja2",
    "jwt",
    "markdown_it",
    "migrations",
    "pydantic",
    "pydantic_settings",
    "sqlalchemy",
    "starlette",
    "structlog",
    "uvicorn",
}
LISTING = """
import sys
from entrypoints.cli.start import main
try:
    main()
except SystemExit:
    pass
print(*sorted({name.partition(".")[0] for name in sys.modules}), file=sys.stderr)
"""


@pytest.mark.parametrize(
    "arguments",
    [
        ["--help"],
        ["--version"],
        [],
        ["frobnicate"],
        ["users", "--help"],
        ["users", "create", "--help"],
        ["users", "suspend", "x"],
        ["roles", "--help"],
        ["sessions", "list", "--help"],
        ["keys", "revoke"],
        ["outbox", "--help"],
        ["audit", "list", "--help"],
        ["serve", "--help"],
        ["serve", "--port", "0"],
        ["check", "--help"],
        ["completion", "bash"],
        ["completion", "tcsh"],
    ],
    ids=" ".join,
)
def test_what_needs_no_service_loads_none(tmp_path: Path, arguments: list[str]) -> None:
    """
    Help, the version, completion and wrong usage come at once: nothing heavy is imported.
    """
    done = subprocess.run(
        [sys.executable, "-c", LISTING, *arguments],
        cwd=tmp_path,
        env=environment(tmp_path, {}),
        capture_output=True,
        text=True,
        check=True,
    )
    loaded = set(done.stderr.splitlines()[-1].split())
    assert {"cyclopts", "entrypoints"} <= loaded
    assert loaded & HEAVY == set()


def test_all_that_is_heavy_exists() -> None:
    """
    Else a module that has another name by now would never be found.
    """
    assert {name for name in HEAVY if importlib.util.find_spec(name) is None} == set()


def test_a_command_collects_its_own_garbage_and_not_what_was_imported_for_it() -> None:
    program = """
import gc, sys
from entrypoints.cli.start import main
sys.argv = ["doorward", "--version"]
try:
    main()
except SystemExit:
    pass
print(gc.isenabled(), gc.get_freeze_count() > 10_000)
"""
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, check=True)
    assert done.stdout.split()[1:] == [b"True", b"True"]


def test_a_group_is_announced_as_it_is_named() -> None:
    """
    Help reads the table, not the modules: both have to say the same.
    """
    groups = [group for group in DOORWARD.groups if isinstance(group, Group)]
    app = command_line(DOORWARD)
    assert len(groups) == len(DOORWARD.groups)
    for group in groups:
        assert app[group.name].name == (group.name,)
        assert app[group.name].help == group.help


def test_the_installed_program_says_its_version(tmp_path: Path) -> None:
    [script] = [each for each in entry_points(group="console_scripts") if each.name == "doorward"]
    assert script.value == "entrypoints.cli.start:main"
    assert command("--version", folder=tmp_path).stdout.strip() == version("doorward")


# --- the banner ----------------------------------------------------------------------------------


def test_on_a_terminal_the_start_says_where_everything_is(tmp_path: Path) -> None:
    """
    Address, database, documentation, mails, the first administrator, how to stop.
    """
    port = str(free_port())
    settings = {"PORT": port, "LOG_FORMAT": "console"}
    with on_a_terminal("serve", folder=tmp_path, settings=settings) as terminal:
        seen = terminal.until("--password-stdin")
        base = f"http://127.0.0.1:{port}"
        facts = [base, "var/doorward.db", f"{base}/docs", f"{base}/dev/mailbox", "Ctrl-C"]
        assert [fact for fact in facts if fact not in seen] == []
        assert "users create --email" in seen
        assert "--role administrator" in seen
        banner = seen.split("Uvicorn running on", 1)[1].split("\n", 1)[1]
        assert banner.isascii()
        assert max(map(len, banner.splitlines())) <= 100
        terminal.type("\x03")
        os.killpg(terminal.process.pid, signal.SIGINT)
        terminal.to_the_end()
    assert terminal.process.returncode == 0


def test_where_there_is_an_administrator_none_is_asked_for(tmp_path: Path) -> None:
    made = doorward(
        "users", "create", "--email", "ada@example.com", "--role", "administrator", "--verified",
        folder=tmp_path,
    )  # fmt: skip
    assert made.returncode == 0, made.stderr
    with on_a_terminal("serve", folder=tmp_path, settings={"PORT": str(free_port())}) as terminal:
        seen = terminal.until("Ctrl-C\n")
        os.killpg(terminal.process.pid, signal.SIGINT)
        seen = terminal.to_the_end()
    assert "There is no administrator yet." not in seen


def test_the_banner_names_no_login_of_the_database(postgres_url: str, tmp_path: Path) -> None:
    url = postgres_url.replace("+asyncpg", "")
    settings = {"DATABASE_URL": url, "PORT": str(free_port())}
    with on_a_terminal("serve", folder=tmp_path, settings=settings) as terminal:
        seen = terminal.until("Ctrl-C\n")
    [line] = [line for line in seen.splitlines() if line.startswith("  Database")]
    assert line.split()[1] == "PostgreSQL,"
    assert "@" not in line


@pytest.mark.parametrize(
    ("url", "place"),
    [
        ("postgresql://ada:hunter2\u2100@db.example/accounts", "accounts on db.example:5432"),
        ("postgresql://ada@/accounts?host=/run/postgresql", "accounts on /run/postgresql"),
        ("postgresql://ada:x@a,b:5433/a%20b", "a b on a:5432, b:5433"),
        ("postgresql://ada:x@[::1]?dbname=accounts", "accounts on [::1]:5432"),
        ("postgresql://ada:x@db.example", "default on db.example:5432"),
    ],
)
def test_the_banner_reads_an_address_as_the_engine_does(url: str, place: str) -> None:
    """
    LG-1: whatever its password consists of, and wherever it says the server is.
    """
    settings = Settings(_env_file=None, database_url=SecretStr(url))
    text = banner(settings, host="127.0.0.1", port=8000, needs_administrator=False)
    assert f"  Database        PostgreSQL, {place}\n" in text


@pytest.mark.parametrize(("count", "line"), [(1, ""), (4, "  Processes       4\n")])
def test_the_banner_says_how_many_serve(count: int, line: str) -> None:
    """
    Where it is more than one.
    """
    settings = Settings(_env_file=None)
    text = banner(settings, host="127.0.0.1", port=8000, needs_administrator=False, processes=count)
    assert "".join(each for each in text.splitlines(True) if "Processes" in each) == line


def test_in_a_pipe_there_is_only_the_log(tmp_path: Path) -> None:
    with started("serve", folder=tmp_path, PORT=str(free_port())) as process:
        wait_for_line(tmp_path / "log", "Uvicorn running on", process)
        process.terminate()
        process.wait()
    lines = (tmp_path / "log").read_text().splitlines()
    assert [line for line in lines if not line.startswith("{")] == []


# --- addresses -----------------------------------------------------------------------------------


@pytest.fixture
def taken() -> Iterator[int]:
    """
    A port that another process listens on.
    """
    with socket.socket() as other:
        other.bind(("127.0.0.1", 0))
        other.listen()
        yield other.getsockname()[1]


def test_a_port_that_is_taken_is_found_before_anything_is_started(
    taken: int, tmp_path: Path
) -> None:
    """
    No file is made, no schema migrated, no worker started; the setting to change is named.
    """
    done = doorward("serve", folder=tmp_path, SECRET_KEY="", PORT=str(taken))
    assert (done.returncode, done.stdout) == (1, "")
    assert done.stderr.startswith(f"doorward: PORT: {taken} is in use")
    assert len(done.stderr.splitlines()) == 1
    assert list(tmp_path.iterdir()) == []
    by_option = doorward("serve", "--port", str(taken), folder=tmp_path)
    assert by_option.stderr == done.stderr


@pytest.mark.parametrize("port", ["0", "-1", "65536", "99999999999999999999"])
def test_a_port_that_is_none_is_named(tmp_path: Path, port: str) -> None:
    by_setting = command("serve", folder=tmp_path, PORT=port)
    assert by_setting.returncode == 1
    assert "\nPORT: " in by_setting.stderr
    by_option = command("serve", f"--port={port}", folder=tmp_path)
    assert (by_option.returncode, "PORT" in by_option.stderr) == (2, True)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("host", ["no-such-name.invalid", "203.0.113.7", "x" * 70 + ".example"])
def test_a_host_that_cannot_be_listened_on_is_named(tmp_path: Path, host: str) -> None:
    done = command("serve", folder=tmp_path, HOST=host, PORT=str(free_port()))
    assert (done.returncode, done.stdout) == (1, "")
    assert done.stderr.startswith("doorward: HOST: ")
    assert host not in done.stderr
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("host", ["::1", "[::1]", "::"])
def test_ipv6_is_listened_on(tmp_path: Path, host: str) -> None:
    """
    With brackets or without; the links in mails lead there as well.
    """
    if not socket.has_dualstack_ipv6():
        pytest.skip("this machine has no IPv6")
    port = str(free_port())
    with on_a_terminal("serve", folder=tmp_path, settings={"HOST": host, "PORT": port}) as terminal:
        assert f"http://[::1]:{port}" in terminal.until("Ctrl-C\n")
        with urllib.request.urlopen(f"http://[::1]:{port}/health/live") as answer:
            assert answer.status == 200


# --- an environment that cannot be read ----------------------------------------------------------


def _one_sentence(done: Done | subprocess.CompletedProcess[str], name: str) -> None:
    assert done.returncode == 1
    assert "Traceback" not in done.stdout + done.stderr
    assert name in done.stdout + done.stderr


@pytest.mark.parametrize("place", ["folder", "latin-1", "dangling", "loop"])
def test_a_dot_env_that_cannot_be_read_is_told_in_a_sentence(tmp_path: Path, place: str) -> None:
    file = tmp_path / ".env"
    if place == "folder":
        file.mkdir()
    elif place == "latin-1":
        file.write_bytes(b"MAIL_FROM=\xe4@example.com\n")
    else:
        file.symlink_to("nowhere" if place == "dangling" else ".env")
    for arguments in (["serve"], ["users", "list"], ["check"], ["migrate"]):
        _one_sentence(command(*arguments, folder=tmp_path), ".env: ")


def test_a_dot_env_of_another_user_is_told_in_a_sentence(tmp_path: Path) -> None:
    file = tmp_path / ".env"
    file.write_text("PORT=8000\n")
    file.chmod(0)
    _one_sentence(_unprivileged("users", "list", folder=tmp_path), ".env: ")


def test_a_variable_that_is_no_text_is_named(tmp_path: Path) -> None:
    for name in ("SECRET_KEY", "MAIL_FROM", "DATABASE_URL"):
        _one_sentence(command("check", folder=tmp_path, **{name: "\udcff" * 40}), f"{name}: ")


def test_a_working_folder_that_is_gone_is_told_in_a_sentence(tmp_path: Path) -> None:
    gone = tmp_path / "gone"
    start = "import os, sys; os.rmdir(os.getcwd()); from entrypoints.cli.start import main; main()"
    for arguments in (["serve"], ["users", "list"], ["check"], ["migrate"], ["openapi"]):
        gone.mkdir()
        done = subprocess.run(
            # As the installed program is: without the working folder among those of modules.
            [sys.executable, "-P", "-c", start, *arguments],
            cwd=gone,
            env=environment(tmp_path, {}),
            capture_output=True,
            text=True,
            check=False,
        )
        assert "The working folder cannot be used" in done.stdout + done.stderr
        assert "Traceback" not in done.stderr


def test_a_folder_that_takes_no_file_is_told_in_a_sentence(tmp_path: Path) -> None:
    locked = tmp_path / "locked"
    locked.mkdir()
    locked.chmod(0o555)
    done = _unprivileged("serve", "--port", str(free_port()), folder=locked, SECRET_KEY="")
    _one_sentence(done, "SECRET_KEY: ")


def test_no_home_is_needed(tmp_path: Path) -> None:
    variables = environment(tmp_path, {})
    del variables["HOME"]
    done = subprocess.run(
        [sys.executable, "-m", "entrypoints.cli.main", "users", "list"],
        cwd=tmp_path,
        env=variables,
        capture_output=True,
        text=True,
        check=False,
    )
    assert (done.returncode, done.stdout) == (0, "Nothing there.\n")


DROP_RIGHTS = """
import ctypes, os, sys
for capability in (1, 2):  # CAP_DAC_OVERRIDE and CAP_DAC_READ_SEARCH, which make modes void
    ctypes.CDLL(None).prctl(24, capability, 0, 0, 0)
os.execv(sys.executable, [sys.executable, "-m", "entrypoints.cli.main", *sys.argv[1:]])
"""


def _unprivileged(
    *arguments: str, folder: Path, **settings: str
) -> subprocess.CompletedProcess[str]:
    """
    Run a command as a user for whom the modes of files count, also where the tests are root's.
    """
    return subprocess.run(
        [sys.executable, "-c", DROP_RIGHTS, *arguments],
        cwd=folder,
        env=environment(folder, settings),
        capture_output=True,
        text=True,
        check=False,
    )
