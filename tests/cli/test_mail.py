import pytest

from tests.cli.operator import Operator


def test_the_operator_sees_waiting_mail_and_sends_it_on_its_way(operators: Operator) -> None:
    """
    OB-4: with the service's own use cases, offline.
    """
    operators.told("users", "create", "--email", "ada@example.com")
    listed = operators.told("outbox", "list", "--json")
    [message] = operators.json("outbox", "list")
    assert (message["to"], message["kind"], message["status"], message["attempts"]) == (
        "ada@example.com", "reset_password", "waiting", 0,
    )  # fmt: skip
    assert "secret" not in listed
    table = operators.told("outbox", "list")
    assert table.splitlines()[0].split()[:3] == ["ID", "KIND", "TO"]
    assert message["id"] in table
    assert operators.told("outbox", "redrive", message["id"]) == "1 due now.\n"
    assert operators.told("outbox", "redrive", "--all") == "0 due now.\n"
    assert operators.told("outbox", "list", "--status", "dead") == "Nothing there.\n"


@pytest.mark.parametrize(
    ("arguments", "exit_code"),
    [
        (["redrive"], 2),
        (["redrive", "--all", "019aa5c2-7f3e-7c41-9b0a-2f6d1e8c4b5a"], 2),
        (["redrive", "019aa5c2-7f3e-7c41-9b0a-2f6d1e8c4b5a"], 3),
        (["redrive", "no-id"], 3),
        (["list", "--status", "lost"], 2),
    ],
)
def test_what_cannot_be_has_its_exit_code(
    operator: Operator, arguments: list[str], exit_code: int
) -> None:
    done = operator.run("outbox", *arguments)
    assert done.returncode == exit_code, done.stderr
    assert done.stdout == ""
