"""
The command line as a process: what a shell sees of it. All else runs in tests/cli inside ours.
"""

import json
import os
import sqlite3
import subprocess
import sys
from contextlib import closing
from pathlib import Path

import pytest
from sqlalchemy import make_url

from tests.support.processes import PATIENCE, doorward, environment

PASSWORD = "violet kettle hums softly"


def test_a_password_comes_through_a_pipe_and_json_goes_into_one(
    sqlite_url: str, tmp_path: Path
) -> None:
    """
    AZ-3: exit code 0, the answer alone on standard output, nothing on standard error.
    """
    made = doorward(
        "users", "create", "--email", "ada@example.com", "--verified", "--password-stdin", "--json",
        folder=tmp_path, stdin=PASSWORD + "\n", DATABASE_URL=sqlite_url,
    )  # fmt: skip
    assert (made.returncode, made.stderr) == (0, "")
    assert json.loads(made.stdout)["status"] == "active"
    with closing(sqlite3.connect(str(make_url(sqlite_url).database))) as connection:
        [(hashed,)] = connection.execute("SELECT hash FROM password_credentials").fetchall()
    assert hashed.startswith("$argon2id$")


@pytest.mark.parametrize(
    ("arguments", "exit_code", "told"),
    [
        (["users", "show", "@"], 1, "VALIDATION_ERROR: "),
        (["users", "frobnicate"], 2, "frobnicate"),
        (["users", "show", "nobody@example.com"], 3, "USER_NOT_FOUND: "),
    ],
)
def test_a_refusal_is_the_exit_code_of_the_process(
    sqlite_url: str, tmp_path: Path, arguments: list[str], exit_code: int, told: str
) -> None:
    done = doorward(*arguments, folder=tmp_path, DATABASE_URL=sqlite_url)
    assert (done.returncode, done.stdout) == (exit_code, "")
    assert told in done.stderr


def test_a_database_that_is_away_means_come_back_later(tmp_path: Path) -> None:
    done = doorward(
        "users", "create", "--email", "ada@example.com",
        folder=tmp_path, DATABASE_URL="postgresql://doorward:hunter2secret@127.0.0.1:1/doorward",
    )  # fmt: skip
    assert done.returncode == 75, done.stderr
    assert "SERVICE_UNAVAILABLE" in done.stderr
    assert "hunter2secret" not in done.stdout + done.stderr


@pytest.mark.parametrize(
    "arguments",
    [
        ["openapi"],
        ["--help"],
        ["--version"],
        ["users", "list"],
        ["audit", "verify"],
        ["check"],
    ],
    ids=" ".join,
)
def test_a_reader_that_has_left_is_no_error(
    sqlite_url: str, tmp_path: Path, arguments: list[str]
) -> None:
    """
    `doorward openapi | head`: the rest is not written, there is no traceback, and the exit code is
    what a shell reports of any program that is ended by SIGPIPE.
    """
    reading, writing = os.pipe()
    os.close(reading)
    try:
        done = subprocess.run(
            [sys.executable, "-m", "entrypoints.cli.main", *arguments],
            stdout=writing,
            stderr=subprocess.PIPE,
            cwd=tmp_path,
            env=environment(tmp_path, {"DATABASE_URL": sqlite_url}),
            timeout=PATIENCE * 2,
            check=False,
        )
    finally:
        os.close(writing)
    assert (done.returncode, done.stderr) == (141, b"")


def test_a_password_that_is_no_text_is_refused(sqlite_url: str, tmp_path: Path) -> None:
    done = subprocess.run(
        [
            *(sys.executable, "-m", "entrypoints.cli.main", "users", "create"),
            *("--email", "ada@example.com", "--password-stdin"),
        ],
        input=b"violet kettle \xff\xfe hums softly\n",
        capture_output=True,
        cwd=tmp_path,
        env=environment(tmp_path, {"DATABASE_URL": sqlite_url, "PYTHONIOENCODING": "utf-8:strict"}),
        timeout=PATIENCE * 2,
        check=False,
    )
    assert (done.returncode, done.stdout) == (1, b"")
    assert done.stderr.startswith(b"PASSWORD_REJECTED: ")
    assert b"Traceback" not in done.stderr


def test_arguments_that_are_no_text_are_wrong_usage(sqlite_url: str, tmp_path: Path) -> None:
    done = doorward(
        "audit", "list", "--actor", os.fsdecode(b"\xff"), folder=tmp_path, DATABASE_URL=sqlite_url
    )
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr == "The arguments are not text in the encoding of this terminal.\n"


@pytest.mark.parametrize("arguments", [["openapi"], ["users", "list"], ["--help"]], ids=" ".join)
def test_an_answer_that_cannot_be_written_is_told(tmp_path: Path, arguments: list[str]) -> None:
    """
    A full disk, or no standard output at all: a sentence, or nothing; never a traceback.
    """
    program = f"exec {sys.executable} -m entrypoints.cli.main {' '.join(arguments)}"
    for redirection, said in ((">/dev/full", "The answer could not be written"), (">&-", "")):
        done = subprocess.run(
            ["sh", "-c", f"{program} {redirection}"],
            cwd=tmp_path,
            env=environment(tmp_path, {}),
            capture_output=True,
            text=True,
            timeout=PATIENCE * 2,
            check=False,
        )
        assert done.returncode == (1 if said else 0), done.stderr
        assert done.stderr.startswith(said)
        assert "Traceback" not in done.stderr


def test_what_is_logged_stands_beside_the_answer(tmp_path: Path) -> None:
    """
    A key that is made on the way is said on standard error: the answer stays JSON.
    """
    done = doorward("users", "list", "--json", folder=tmp_path, SECRET_KEY="")
    assert (done.returncode, json.loads(done.stdout)) == (0, [])
    assert "var/secret_key" in done.stderr
