import json

from tests.cli.operator import Operator


def test_keys_are_rotated_and_revoked(operator: Operator) -> None:
    """
    TK-3: and the private half is never shown.
    """
    first = operator.json("keys", "rotate")
    assert first["state"] == "active"
    second = operator.json("keys", "rotate")
    assert second["state"] == "published"
    assert operator.told("keys", "revoke", first["kid"]) == f"{first['kid']} revoked.\n"
    listed = operator.json("keys", "list")
    assert sorted(key["state"] for key in listed) == ["active", "gone", "published"]
    assert "private" not in json.dumps(listed)
    assert operator.run("keys", "revoke", "nothing").returncode == 3


def test_a_key_id_that_begins_with_a_hyphen_is_no_option(operator: Operator) -> None:
    """A thumbprint is base64url (RFC 7638): one in 64 begins with a hyphen."""
    done = operator.run("keys", "revoke", "-kPrK_qmxVWaYVA9wwBF6Iuo3vVzz7TxHCTwXBygrS4")
    assert (done.returncode, done.stdout) == (3, "")
