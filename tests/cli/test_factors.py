"""
Commands about users' factors.
"""

import asyncio
from datetime import UTC, datetime

from domain.email_address import EmailAddress
from domain.factors.factor import FactorId, Totp
from domain.factors.totp import TotpSettings
from entrypoints.container import Container
from tests.cli.operator import Operator
from tests.support.installation import over

ADA = "ada@example.com"


async def _enrol(container: Container) -> None:
    """
    Give Ada an authenticator app that nobody has: this is about the list.
    """
    async with container.unit_of_work()() as unit:
        user = await unit.users.find_by_email(EmailAddress.parse(ADA))
        assert user is not None
        now = datetime.now(UTC)
        user.factors_changed(any_left=True, now=now)
        await unit.users.save(user)
        app = Totp(
            id=FactorId.new(now, container.randomness().token_bytes),
            user_id=user.id,
            name="My phone",
            created_at=now,
            sealed_secret=b"sealed under a key that is gone",
            settings=TotpSettings(),
            last_counter=0,
        )
        await unit.factors.add(app)
        await unit.commit()


def test_an_operator_sees_factors_and_takes_them_away(operators: Operator) -> None:
    """
    MF-2: offline, with a reason, and only on a word that it is meant.
    """
    made = operators.json("users", "create", "--email", ADA, "--verified")
    assert operators.json("factors", "list", ADA) == []
    assert operators.told("factors", "list", made["id"]) == "Nothing there.\n"
    asyncio.run(over(operators.url, _enrol))
    (listed,) = operators.json("factors", "list", ADA)
    assert (listed["kind"], listed["name"], listed["usable"]) == ("totp", "My phone", False)
    assert "My phone" in operators.told("factors", "list", ADA)
    kept = operators.run("factors", "reset", ADA, "--reason", "lost phone")
    assert (kept.returncode, kept.stdout) == (2, "")
    assert len(operators.json("factors", "list", ADA)) == 1
    for reason in ("", " ", "x" * 501):
        refused = operators.run("factors", "reset", ADA, "--reason", reason, "--yes")
        assert (refused.returncode, refused.stdout) == (1, "")
        assert "INVALID_LENGTH" in refused.stderr
    told = operators.told("factors", "reset", ADA, "--reason", "lost phone", "--yes")
    assert told == f"{made['id']} has no factors any more.\n"
    assert operators.json("factors", "list", ADA) == []
    (row,) = operators.json("audit", "list", "--type", "factor.reset")
    assert (row["actor"]["kind"], row["reason"]) == ("operator", "lost phone")
    (mail,) = operators.json("outbox", "list")[-1:]
    assert mail["kind"] == "factors_reset"


def test_wrong_words_have_their_exit_codes(operator: Operator) -> None:
    operator.json("users", "create", "--email", ADA)
    for arguments, code in (
        (["list", "nobody@example.com"], 3),
        (["reset", "nobody@example.com", "--reason", "x", "--yes"], 3),
        (["reset", ADA, "--yes"], 2),
        (["reset", ADA, "--reason", "x", "--no-yes"], 2),
        (["list"], 2),
        (["undo", ADA], 2),
    ):
        done = operator.run("factors", *arguments)
        assert (done.returncode, done.stdout) == (code, ""), arguments
