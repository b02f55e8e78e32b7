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
