"""
``doorward check``: it reads only, says what it looked at, and never ends in a traceback.
"""

import json
import os
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, cast

import asyncpg
import pytest

from domain.factors.factor import Totp
from domain.identifiers import UserId
from entrypoints.cli import check, check_factors
from entrypoints.container import Container
from entrypoints.settings import Finding
from tests.cli.operator import Operator
from tests.http.client import running_api, settings_for
from tests.support.command_line import Done, command
from tests.support.processes import SECRET_KEY

LOGIN = "someone:in-the-address"
PRODUCTION = {
    "ENVIRONMENT": "production",
    "PUBLIC_URL": "https://id.example.com",
    "MAIL_FROM": "no-reply@id.example.com",
    "TRUSTED_PROXIES": "10.0.0.1",
}


@dataclass(frozen=True)
class Place:
    """
    An installation: a folder and a database in it or beside it.
    """

    folder: Path
    settings: dict[str, str]

    def check(self, *options: str, **settings: str) -> Done:
        return command("check", *options, folder=self.folder, **{**self.settings, **settings})

    def found(self, **settings: str) -> list[dict[str, Any]]:
        done = self.check("--json", **settings)
        assert done.stderr == ""
        return cast("list[dict[str, Any]]", json.loads(done.stdout))


def told(found: list[dict[str, Any]], setting: str, words: str) -> dict[str, Any]:
    [one] = [each for each in found if each["setting"] == setting and words in each["message"]]
    return one


def files(folder: Path) -> dict[str, tuple[bytes, int]]:
    return {
        str(each): (each.read_bytes() if each.is_file() else b"", each.stat().st_mode)
        for each in folder.rglob("*")
    }


async def rows(url: str) -> dict[str, list[Any]]:
    connection = await asyncpg.connect(url)
    try:
        names = await connection.fetch("SELECT tablename FROM pg_tables WHERE schemaname='public'")
        return {
            str(name): await connection.fetch(f'SELECT * FROM "{name}" ORDER BY 1')
            for (name,) in names
        }
    finally:
        await connection.close()


@pytest.fixture(params=["fresh", "memory", "old", "kept", "lost", "behind"])
def place(request: pytest.FixtureRequest, tmp_path: Path) -> Place:
    """
    Nothing yet; nothing kept; accounts under a set key, under a kept one, and under one that is
    gone; a database without a schema.
    """
    key = SECRET_KEY if request.param == "old" else ""
    settings = {"SECRET_KEY": key, "DATABASE_URL": f"sqlite:///{tmp_path}/data/doorward.db"}
    if request.param == "memory":
        settings["DATABASE_URL"] = "memory://"
    elif request.param == "behind":
        (tmp_path / "data").mkdir()
        (tmp_path / "data" / "doorward.db").touch()
    elif request.param != "fresh":
        made = command("users", "create", "--email", "ada@example.com", folder=tmp_path, **settings)
        assert made.returncode == 0, made.stderr
    if request.param == "lost":
        (tmp_path / "data" / "secret_key").unlink()
    return Place(tmp_path, settings)


def test_it_changes_nothing(place: Place) -> None:
    """
    No file is made, none changed, no mode touched; with and without --json, in both environments.
    """
    before = files(place.folder)
    for options in ([], ["--json"]):
        for settings in ({}, {"ENVIRONMENT": "production", "SMTP_URL": "smtp://127.0.0.1:1"}):
            done = place.check(*options, **settings)
            assert "Traceback" not in done.stdout + done.stderr
            assert files(place.folder) == before


@pytest.mark.parametrize("is_migrated", [True, False])
async def test_it_changes_nothing_in_postgresql(
    postgres_url: str, tmp_path: Path, is_migrated: bool
) -> None:
    url = postgres_url.replace("+asyncpg", "")
    settings = {"DATABASE_URL": url, "SECRET_KEY": ""}
    if is_migrated:
        command("users", "create", "--email", "ada@example.com", folder=tmp_path, **settings)
    else:
        connection = await asyncpg.connect(url)
        await connection.execute("DROP SCHEMA public CASCADE; CREATE SCHEMA public")
        await connection.close()
    before, kept = await rows(url), files(tmp_path)
    done = Place(tmp_path, settings).check()
    assert "Traceback" not in done.stdout + done.stderr
    assert (await rows(url), files(tmp_path)) == (before, kept)


def test_it_ends_with_a_summary(place: Place) -> None:
    """
    The exit code is that of the summary, and JSON has it, too.
    """
    done, found = place.check(), place.found()
    assert found[-1]["level"] == "summary"
    assert done.stdout.splitlines()[-1] == f"summary doorward: {found[-1]['message']}"
    errors = [each for each in found[:-1] if each["level"] == "error"]
    assert done.returncode == (1 if errors else 0)
    assert ("cannot work as it should" in found[-1]["message"]) is bool(errors)
    for each in found[:-1]:
        assert each["level"] == "ok" or each["cure"], each


def test_it_says_what_it_looked_at(tmp_path: Path) -> None:
    """
    Which database, which key and how old, which signing keys; and what is missing.
    """
    place = Place(tmp_path, {"SECRET_KEY": ""})
    command("users", "create", "--email", "ada@example.com", folder=tmp_path, **place.settings)
    command("keys", "rotate", folder=tmp_path, **place.settings)
    found = place.found()
    assert str(tmp_path / "var" / "doorward.db") in told(found, "database", "SQLite 3")["message"]
    key = told(found, "SECRET_KEY", "Kept in")
    assert str(tmp_path / "var" / "secret_key") in key["message"]
    assert "less than a minute old" in key["message"]
    assert "(EdDSA, active), less than a minute old" in told(found, "keys", "Signing")["message"]
    assert told(found, "schema", "That of this version.")["level"] == "ok"
    assert told(found, "clock", "apart")["level"] == "ok"
    assert told(found, "outbox", "1 waiting, 0 given up.")["level"] == "ok"
    nobody = told(found, "administrators", "none")
    assert (nobody["level"], "users create" in nobody["cure"]) == ("note", True)


def test_no_user_and_no_password_is_named(postgres_url: str, tmp_path: Path) -> None:
    """
    LG-1: kind, host and name of database and mail server are enough to know them by.
    """
    url = postgres_url.replace("+asyncpg", "")
    login = url.split("://")[1].split("@")[0]
    for settings in (
        {"DATABASE_URL": url, "SMTP_URL": f"smtp://{LOGIN}@127.0.0.1:1?starttls=required"},
        {"DATABASE_URL": url.replace(login, LOGIN), "SMTP_URL": f"smtps://{LOGIN}@mx.invalid"},
    ):
        done = Place(tmp_path, settings).check()
        assert "Traceback" not in done.stdout + done.stderr
        for secret in (*LOGIN.split(":"), login.split(":")[1], SECRET_KEY):
            assert secret not in done.stdout + done.stderr
        assert "mail server: " in done.stdout
        assert "database: " in done.stdout


def test_a_wrong_key_is_named_as_that(tmp_path: Path) -> None:
    place = Place(tmp_path, {})
    command("users", "create", "--email", "ada@example.com", folder=tmp_path)
    wrong = told(place.found(SECRET_KEY=SECRET_KEY[::-1]), "SECRET_KEY", "is not the one that this")
    assert (wrong["level"], wrong["reason"]) == ("error", "wrong_secret_key")
    assert "Set SECRET_KEY to the one that was in use." in wrong["cure"]


def test_a_lost_key_is_not_called_fine(tmp_path: Path) -> None:
    place = Place(tmp_path, {"SECRET_KEY": ""})
    command("users", "create", "--email", "ada@example.com", folder=tmp_path, SECRET_KEY="")
    (tmp_path / "var" / "secret_key").unlink()
    lost = told(place.found(), "SECRET_KEY", "is gone")
    assert (lost["level"], "Put that file back" in lost["cure"]) == ("error", True)
    (tmp_path / "var" / "secret_key").write_bytes(b"\xff" * 40)
    told(place.found(), "SECRET_KEY", "holds another one")
    (tmp_path / "var" / "secret_key").unlink()
    (tmp_path / "var" / "secret_key").mkdir()
    unreadable = told(place.found(), "SECRET_KEY", "cannot be read")
    assert (unreadable["level"], bool(unreadable["cure"])) == ("error", True)


@pytest.mark.parametrize(
    ("setting", "value", "words"),
    [
        ("REFRESH_GRACE", "0", "ends the session"),
        ("RATE_LIMITS", "off", "Nothing is limited"),
        ("REQUIRE_VERIFIED_EMAIL", "false", "another person's"),
        ("REGISTRATION_CONCEALS_EXISTING", "false", "tells whether"),
        ("SIGN_IN_ATTEMPTS", "0", "without end"),
        ("SESSIONS_PER_USER", "0", "any number"),
        ("JWKS_MAX_AGE", "86400", "86400 seconds"),
        ("RUN_WORKER", "false", "doorward worker"),
        ("MIGRATE_ON_START", "false", "doorward migrate"),
        ("METRICS", "true", "every client that reaches it"),
        ("LINK_BASE_URL", "http://127.0.0.1:3000/app", "127.0.0.1:3000/app"),
        ("HASHING_CONCURRENCY", "1000", "MiB at once"),
    ],
)
def test_a_limit_is_a_note_where_it_applies(
    tmp_path: Path, setting: str, value: str, words: str
) -> None:
    """
    What decisions and the manual say as a limit, said of this installation, and of no other.
    """
    place = Place(tmp_path, {"ARGON2_MEMORY_KIB": "65536"})
    assert [each for each in place.found() if each["setting"] == setting] == []
    note = told(place.found(**{setting: value}), setting, words)
    assert (note["level"], bool(note["cure"])) == ("note", True)


def test_in_production_the_proxy_is_asked_for(tmp_path: Path) -> None:
    place = Place(tmp_path, {**PRODUCTION, "TRUSTED_PROXIES": ""})
    assert told(place.found(), "TRUSTED_PROXIES", "one source")["level"] == "note"
    assert [
        each for each in place.found(TRUSTED_PROXIES="10.0.0.1")
        if each["setting"] == "TRUSTED_PROXIES"
    ] == []  # fmt: skip


def test_in_production_a_second_factor_is_advised_for_administrators(tmp_path: Path) -> None:
    """
    MF-2: until the role asks for a level, by whatever name.
    """
    place = Place(tmp_path, PRODUCTION)
    note = told(place.found(), "ADMINISTRATOR_ACR", "password alone")
    assert (note["level"], "aal2" in note["cure"]) == ("note", True)
    for chosen in ("aal2", "PHR"):
        found = place.found(ADMINISTRATOR_ACR=chosen)
        assert [each for each in found if each["setting"] == "ADMINISTRATOR_ACR"] == []
    found = place.found(ENVIRONMENT="development")
    assert [each for each in found if each["setting"] == "ADMINISTRATOR_ACR"] == []


async def test_factors_that_no_key_opens_are_counted_with_their_cure(tmp_path: Path) -> None:
    """
    MF-2, trap 10: a prompt that no code can pass is told before a user meets it.
    """
    async with running_api(settings_for("memory://")) as api:
        tokens = await api.signed_in_user()
        await api.enrol_totp(tokens)
        assert await check_factors.usable_factors(api.container, api.settings) == []
        async with api.units() as unit:
            for factor in await unit.factors.list_of(UserId.parse(tokens.user_id)):
                if isinstance(factor, Totp):
                    factor.sealed_secret = b"sealed under a key that is gone"
                    await unit.factors.save(factor)
            await unit.commit()
        [found] = await check_factors.usable_factors(api.container, api.settings)
    assert (found.level, found.setting) == ("warning", "factors")
    assert f"1, the first one of user {tokens.user_id}" in found.message
    assert "doorward factors reset" in found.cure


async def test_passkeys_of_another_domain_are_counted(tmp_path: Path) -> None:
    """
    MF-3: a change of the domain leaves them without use, and says nothing by itself.
    """
    async with running_api(settings_for("memory://")) as api:
        tokens = await api.signed_in_user()
        await api.enrol_passkey(tokens)
        assert await check_factors.usable_passkeys(api.container, api.settings) == []
        moved = settings_for("memory://", public_url="https://example.org")
        async with running_api(moved, beside=api) as other:
            [found] = await check_factors.usable_passkeys(other.container, moved)
    assert (found.level, found.setting) == ("warning", "PASSKEY_RP_ID")
    assert found.message.endswith("example.org, of no use now: 1.")
    assert found.cure


def test_a_database_that_was_never_migrated_is_an_error_where_no_start_does_it(
    tmp_path: Path,
) -> None:
    place = Place(tmp_path, {})
    (tmp_path / "var").mkdir()
    (tmp_path / "var" / "doorward.db").touch()
    assert told(place.found(), "schema", "never migrated")["level"] == "note"
    behind = told(place.found(MIGRATE_ON_START="false"), "schema", "never migrated")
    assert (behind["level"], "doorward migrate" in behind["cure"]) == ("error", True)


async def test_clocks_that_disagree_are_told(tmp_path: Path) -> None:
    """
    CK-1: Doorward goes by the database's time, and others by this machine's.
    """

    class Ahead:
        async def synchronise(self) -> None:
            pass

        def now(self) -> datetime:
            return datetime.now(UTC) + timedelta(minutes=2)

    settings = settings_for(f"sqlite:///{tmp_path}/x.db")
    container = Container(settings=settings)
    container.database_clock.override(Ahead())
    [found] = await check._clock(container, settings)
    assert (found.level, "behind the database" in found.message) == ("warning", True)


def test_a_fault_of_ours_is_a_finding_too(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    async def broken(*_: object) -> list[Finding]:
        raise ZeroDivisionError

    command("users", "list", folder=tmp_path)
    monkeypatch.setattr(check, "_outbox", broken)
    place = Place(tmp_path, {})
    fault = told(place.found(), "outbox", "ZeroDivisionError")
    assert (fault["level"], bool(fault["cure"])) == ("error", True)
    assert told(place.found(), "administrators", "none")


@pytest.fixture(params=[".env", "line", "value", "short key", "long name", "sqlite", "folder"])
def unreadable(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[dict[str, str]]:
    if request.param == ".env":
        (tmp_path / ".env").mkdir()
        yield {}
    elif request.param == "line":
        (tmp_path / ".env").write_text('PORT=9000\nDATABASE_URL="in-the-address\n')
        yield {}
    elif request.param == "short key":
        yield {"SECRET_KEY": "in-the-address"}
    elif request.param == "long name":
        yield {"DATABASE_URL": f"sqlite:///{tmp_path}/{'a' * 300}.db"}
    elif request.param == "value":
        yield {"PORT": "x", "DATABASE_URL": "mysql://someone:in-the-address@host/x"}
    elif request.param == "sqlite":
        (tmp_path / "doorward.db").write_bytes(os.urandom(8192))
        yield {"DATABASE_URL": f"sqlite:///{tmp_path}/doorward.db"}
    else:
        (tmp_path / "doorward.db").mkdir()
        yield {"DATABASE_URL": f"sqlite:///{tmp_path}/doorward.db"}


def test_what_cannot_be_read_is_a_finding(unreadable: dict[str, str], tmp_path: Path) -> None:
    place = Place(tmp_path, unreadable)
    found = place.found()
    errors = [each for each in found if each["level"] == "error"]
    assert errors
    assert all(each["setting"] and each["message"] and each["cure"] for each in errors)
    assert "in-the-address" not in repr(found)
    done = place.check()
    assert (done.returncode, done.stderr) == (1, "")


def test_a_folder_that_is_gone_is_a_finding_too() -> None:
    """A sentence that is about no setting is still one finding, with its cure."""
    found = check._unreadable("The working folder cannot be used (ENOENT). Start elsewhere.")
    assert (found.setting, found.message, found.cure) == (
        "settings", "The working folder cannot be used (ENOENT).", "Start elsewhere.",
    )  # fmt: skip


def test_service_accounts_that_are_administrators_are_named_with_their_cure(
    operator: Operator,
) -> None:
    """
    AZ-3: a program needs less; until the role is taken away.
    """

    def found() -> list[dict[str, Any]]:
        told = json.loads(operator.run("check", "--json").stdout)
        return [each for each in told if each["setting"] == "service accounts"]

    operator.told("service-accounts", "create", "narrow")
    for number in range(6):
        operator.told("service-accounts", "create", f"wide{number}")
        operator.told("service-accounts", "grant", f"wide{number}", "administrator")
    [told] = found()
    assert told["level"] == "warning"
    assert '"wide0", "wide1", "wide2", "wide3", "wide4" and 1 more' in told["message"]
    assert "narrow" not in told["message"]
    assert "service-accounts grant" in told["cure"]
    for number in range(6):
        operator.told("service-accounts", "revoke", f"wide{number}", "administrator")
    assert found() == []
