from tests.cli.operator import Operator

ADA = "ada@example.com"


def test_roles_are_defined_given_taken_and_removed(operator: Operator) -> None:
    """
    AZ-3: with a product's own permission; the last administrator stays.
    """
    operator.json("users", "create", "--email", ADA, "--verified", "--role", "administrator")
    defined = operator.json(
        "roles", "define", "support", "--permission", "orders:refund",
        "--permission", "users:read", "--description", "Helps.",
    )  # fmt: skip
    assert defined["permissions"] == ["orders:refund", "users:read"]
    operator.told("roles", "grant", ADA, "support")
    assert operator.json("users", "show", ADA)["roles"] == ["administrator", "support", "user"]
    held = operator.run("roles", "remove", "support")
    assert (held.returncode, held.stderr.partition(":")[0]) == (1, "ROLE_IN_USE")
    operator.told("roles", "revoke", ADA, "support")
    operator.told("roles", "remove", "support")
    names = [role["name"] for role in operator.json("roles", "list")]
    assert names == ["administrator", "user"]
    last = operator.run("roles", "revoke", ADA, "administrator")
    assert (last.returncode, last.stderr.partition(":")[0]) == (1, "LAST_ADMINISTRATOR")
    assert operator.run("roles", "grant", ADA, "nobody").returncode == 3
    assert operator.run("roles", "define", "x", "--permission", "nonsense").returncode == 1


def test_a_role_asks_for_a_level_and_every_list_says_so(operator: Operator) -> None:
    """
    MF-2: the built-in one by a setting.
    """
    defined = operator.json("roles", "define", "finance", "--required-acr", "phr")
    assert defined["required_acr"] == "phr"
    told = operator.told("roles", "define", "support", "--required-acr", "aal2")
    assert told == "support  -  from aal2 on\n"
    assert operator.told("roles", "define", "plain") == "plain  -\n"
    listed = {role["name"]: role["required_acr"] for role in operator.json("roles", "list")}
    assert listed == {
        "administrator": None, "finance": "phr", "plain": None, "support": "aal2", "user": None,
    }  # fmt: skip
    table = operator.told("roles", "list")
    assert "REQUIRED ACR" in table.splitlines()[0]
    assert operator.run("roles", "define", "x", "--required-acr", "aal1").returncode == 2


def test_an_operator_has_no_session_and_is_asked_for_none(operator: Operator) -> None:
    """
    MF-2: the command line is the way out where nobody can show enough.
    """
    operator.json("users", "create", "--email", ADA, "--verified")
    operator.told("roles", "define", "finance", "--required-acr", "phr")
    operator.told("roles", "grant", ADA, "finance")
    shown = operator.json("users", "show", ADA)
    assert (shown["roles"], "dormant_roles" in shown) == (["finance", "user"], False)
    operator.told("roles", "revoke", ADA, "finance")
    operator.told("roles", "remove", "finance")
