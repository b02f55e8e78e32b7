import asyncio
import json
import sqlite3
from contextlib import closing

import pytest
from sqlalchemy import make_url

from entrypoints.container import Container
from tests.cli.operator import Operator
from tests.support.installation import over
from tests.support.long_history import live_long

PASSWORD = "violet kettle hums softly"
ADA = "ada@example.com"


def test_the_first_administrator_is_made_from_the_command_line(operators: Operator) -> None:
    """
    AZ-3: bootstrapping needs no account; the password comes on standard input alone.
    """
    user = operators.json(
        "users", "create", "--email", "Root@Example.com", "--role", "administrator",
        "--verified", "--password-stdin", stdin=PASSWORD + "\n",
    )  # fmt: skip
    assert user["email"] == "Root@example.com"
    assert user["status"] == "active"
    assert user["roles"] == ["administrator", "user"]
    again = operators.run("users", "create", "--email", "root@example.com")
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
    operator: Operator, arguments: list[str], stdin: str, exit_code: int, told: str
) -> None:
    """
    LG-1: what was typed as a password stands neither in the output nor in an option.
    """
    done = operator.run("users", "create", *arguments, stdin=stdin)
    assert done.returncode == exit_code
    assert told in done.stderr
    if stdin:
        assert stdin not in done.stdout + done.stderr.replace("TOO_SHORT", "")


def test_an_account_is_made_found_suspended_reinstated_exported_and_erased(
    operators: Operator,
) -> None:
    """
    HD-13, AT-4: by address or by id, offline, with the service's own use cases.
    """
    made = operators.json(
        "users", "create", "--email", ADA, "--verified", "--password-stdin", stdin=PASSWORD
    )
    assert [user["id"] for user in operators.json("users", "list", "--query", "ada@")] == [
        made["id"]
    ]
    assert operators.json("users", "list", "--status", "suspended") == []
    assert operators.json("users", "show", "Ada@example.com") == operators.json(
        "users", "show", made["id"]
    )
    suspended = operators.json("users", "suspend", ADA, "--reason", "chargeback")
    assert suspended["status"] == "suspended"
    assert operators.json("users", "reinstate", made["id"])["status"] == "active"
    assert operators.json("users", "unlock", ADA)["status"] == "active"
    export = json.loads(operators.told("users", "export", ADA))
    assert export["user"]["email"] == ADA
    assert "argon2" not in json.dumps(export)
    kept = operators.run("users", "erase", ADA)
    assert (kept.returncode, kept.stdout) == (2, "")
    assert operators.told("users", "erase", ADA, "--yes") == f"{made['id']} erased.\n"
    gone = operators.run("users", "show", made["id"])
    assert (gone.returncode, gone.stdout) == (3, "")
    assert gone.stderr.startswith("USER_NOT_FOUND: ")
    types = [row["type"] for row in operators.json("audit", "list", "--target", made["id"])]
    assert types[:2] == ["user.erased", "user.exported"]
    actors = {row["actor"]["kind"] for row in operators.json("audit", "list")}
    assert actors == {"operator"}


async def _live_long(container: Container) -> None:
    now = container.clock().now()
    await live_long(container.unit_of_work(), ADA, sessions=1200, events=1300, now=now)


def test_a_long_export_is_whole_and_is_written_bit_by_bit(operators: Operator) -> None:
    """
    HD-13: however long it is, no more than a piece of it is held.
    """
    operators.told("users", "create", "--email", ADA)
    asyncio.run(over(operators.url, _live_long))
    done = operators.run("users", "export", ADA)
    assert (done.returncode, done.stderr) == (0, "")
    export = json.loads(done.stdout)
    assert list(export) == [
        "exported_at", "user", "password", "mailed_secrets", "factors", "trusted_devices",
        "api_keys", "service_accounts", "sessions", "messages",
        "security_events", "invitations_sent",
    ]  # fmt: skip
    assert len({session["id"] for session in export["sessions"]}) == 1200
    kinds = [event["type"] for event in export["security_events"]]
    assert (kinds[0], kinds.count("session.refreshed")) == ("user.exported", 1300)
    assert len(done.pieces) > 20
    assert max(done.pieces) <= 64 * 1024


def test_an_export_that_fails_in_the_middle_is_cut_and_ends_with_a_failure(
    operator: Operator,
) -> None:
    """
    Half a copy does not look like a whole one.
    """
    operator.told("users", "create", "--email", ADA)
    asyncio.run(over(operator.url, _live_long))
    with closing(sqlite3.connect(str(make_url(operator.url).database))) as connection:
        connection.execute(
            "UPDATE sessions SET created_at = 'unreadable'"
            " WHERE id = (SELECT id FROM sessions ORDER BY id LIMIT 1)"
        )
        connection.commit()
    done = operator.run("users", "export", ADA)
    assert done.returncode != 0
    assert done.stderr
    assert done.stdout.startswith('{"exported_at":')
    assert '"sessions":[{' in done.stdout
    with pytest.raises(json.JSONDecodeError):
        json.loads(done.stdout)


def test_an_address_that_begins_with_a_hyphen_is_no_option(operator: Operator) -> None:
    made = operator.json("users", "create", "--email=-ada@example.com", "--verified")
    assert operator.json("users", "show", "-ada@example.com")["id"] == made["id"]
    told = operator.told("roles", "grant", "-ada@example.com", "administrator")
    assert told == "-ada@example.com has administrator.\n"
    assert operator.json("sessions", "list", "-ada@example.com") == []
