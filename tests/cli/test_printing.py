"""
What every command has in common: tables for people, exit codes for scripts.
"""

import pytest

from tests.cli.operator import Operator

ADA = "ada@example.com"


def test_people_get_tables(operator: Operator) -> None:
    """
    LG-2: what was typed as a name stays on its line.
    """
    operator.json("users", "create", "--email", ADA, "--display-name", "Ada Lovelace")
    heading, row = operator.told("users", "list").splitlines()
    assert heading.split() == ["ID", "EMAIL", "STATUS", "DISPLAY", "NAME", "ROLES", "CREATED", "AT"]
    assert "Ada Lovelace" in row
    assert operator.told("sessions", "list", ADA) == "Nothing there.\n"
    assert operator.json("sessions", "list", ADA) == []
    assert operator.told("sessions", "revoke", ADA) == "0 ended.\n"
    assert operator.run("sessions", "revoke", ADA, "--session", "no-id").returncode == 3
    assert operator.told("audit", "list").splitlines()[0].startswith("OCCURRED AT")
    for shell in ("bash", "zsh", "fish"):
        assert "doorward" in operator.told("completion", shell)


@pytest.mark.parametrize(
    ("arguments", "exit_code"),
    [
        (["users", "show", "nobody@example.com"], 3),
        (["users", "show", "no-id"], 3),
        (["users", "show", "@"], 1),
        (["users", "suspend", "nobody@example.com"], 2),
        (["users", "list", "--sort", "password"], 2),
        (["users", "list", "--query", "x"], 1),
        (["users", "frobnicate"], 2),
        (["roles", "remove", "administrator"], 1),
        (["completion", "tcsh"], 2),
    ],
)
def test_every_end_has_its_exit_code(
    operator: Operator, arguments: list[str], exit_code: int
) -> None:
    done = operator.run(*arguments)
    assert done.returncode == exit_code, done.stderr
    assert done.stdout == "" or exit_code == 2
