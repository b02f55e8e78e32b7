import re

import pytest

from tests.cli.operator import Operator

ADA = "ada@example.com"
KEY = re.compile(r"dw[ks]_[0-9A-Za-z]{49}\n")


@pytest.fixture
def owners(operators: Operator) -> Operator:
    """
    Ada, who may read users, and the service account `billing`, which may, too.
    """
    operators.json("users", "create", "--email", ADA, "--verified")
    operators.told("roles", "define", "reading", "--permission", "users:read")
    operators.told("roles", "grant", ADA, "reading")
    operators.told("service-accounts", "create", "billing")
    operators.told("service-accounts", "grant", "billing", "reading")
    return operators


@pytest.mark.parametrize(
    ("whose", "prefix"), [((ADA,), "dwk_"), (("--service", "Billing"), "dws_")]
)
def test_a_key_is_made_rotated_and_revoked(
    owners: Operator, whose: tuple[str, ...], prefix: str
) -> None:
    """
    LG-1: the key alone is on standard output, once; nothing says it again.
    """
    made = owners.run(
        "api-keys", "create", *whose, "--name", "deploy", "--permission", "users:read",
        "--permission", "users:write", "--expires-in", "86400",
    )  # fmt: skip
    assert made.returncode == 0, made.stderr
    assert KEY.fullmatch(made.stdout)
    assert made.stdout.startswith(prefix)
    assert made.stdout.strip() not in made.stderr
    (key,) = owners.json("api-keys", "list", *whose)
    assert key["id"] in made.stderr
    assert key["hint"] == made.stdout[:8]
    assert key["permissions"] == ["users:read", "users:write"]
    assert key["effective_permissions"] == ["users:read"]
    rotated = owners.run("api-keys", "rotate", *whose, key["id"], "--overlap", "60")
    assert rotated.returncode == 0, rotated.stderr
    assert KEY.fullmatch(rotated.stdout)
    assert rotated.stdout != made.stdout
    new, old = owners.json("api-keys", "list", *whose)
    assert (old["id"], new["hint"]) == (key["id"], rotated.stdout[:8])
    assert owners.told("api-keys", "revoke", *whose, old["id"]) == f"{old['id']} revoked.\n"
    assert [each["id"] for each in owners.json("api-keys", "list", *whose)] == [new["id"]]
    asked = owners.run("api-keys", "revoke", *whose, "--all")
    assert (asked.returncode, asked.stdout) == (2, "")
    assert "--yes" in asked.stderr
    owners.told("api-keys", "revoke", *whose, "--all", "--yes")
    assert owners.told("api-keys", "list", *whose) == "Nothing there.\n"
    trail = owners.told("audit", "list", "--json")
    assert made.stdout.strip() not in trail
    for event in ("api_key.created", "api_key.rotated", "api_key.revoked"):
        assert event in trail


def test_refusals_make_no_key_and_have_their_own_exit_codes(owners: Operator) -> None:
    """
    1 for a rule, 2 for wrong usage, 3 for what is not there; standard output stays empty.
    """
    service = ("--service", "billing")
    nobody = "00000000-0000-7000-8000-000000000000"
    for code, words in (
        (1, ("create", ADA, "--name", "x", "--permission", "nothing:known")),
        (1, ("create", ADA, "--name", "x", "--permission", "*")),
        (1, ("create", ADA, "--name", "x", "--expires-in", "0")),
        (1, ("create", ADA, "--name", "x", "--expires-in", "31536001")),
        (2, ("create", ADA, "--name", "x", "--expires-in", "1e3")),
        (2, ("create", ADA)),
        (2, ("create", "--name", "x")),
        (2, ("create", ADA, *service, "--name", "x")),
        (3, ("create", "eve@example.com", "--name", "x")),
        (3, ("create", "--service", "nobody", "--name", "x")),
        (2, ("create", *service, "--name", "x", "--json")),
        (2, ("revoke", ADA, "--al", "--yes")),
        (2, ("revoke", *service, "--al", "--yes")),
        (3, ("list", "-eve@example.com")),
        (2, ("list",)),
        (2, ("list", ADA, *service)),
        (2, ("rotate", ADA)),
        (2, ("rotate", *service)),
        (2, ("rotate", ADA, nobody, *service)),
        (3, ("rotate", ADA, nobody)),
        (3, ("rotate", *service, "nonsense")),
        (2, ("revoke", ADA)),
        (2, ("revoke", ADA, nobody, "--all", "--yes")),
        (3, ("revoke", ADA, nobody)),
    ):
        done = owners.run("api-keys", *words)
        assert (done.returncode, done.stdout) == (code, ""), (words, done.stderr)
        assert "Traceback" not in done.stderr
    assert owners.json("api-keys", "list", ADA) == []
    made = owners.run("api-keys", "create", ADA, "--name", "x")
    (key,) = owners.json("api-keys", "list", ADA)
    done = owners.run("api-keys", "rotate", ADA, key["id"], "--overlap", "86401")
    assert (done.returncode, done.stdout) == (1, "")
    # Another account's key is none.
    assert owners.run("api-keys", "revoke", *service, key["id"]).returncode == 3
    # A key in place of its id is refused, and not repeated.
    for verb in ("rotate", "revoke"):
        done = owners.run("api-keys", verb, ADA, made.stdout.strip())
        assert (done.returncode, done.stdout) == (2, "")
        assert made.stdout.strip() not in done.stderr
    assert owners.json("api-keys", "list", ADA) == [key]
