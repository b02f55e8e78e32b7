"""What becomes of a password that more than one person has offered (AT-7)."""

from domain.credentials.password import PasswordCredential
from tests.domain.samples import HOUR, NOW, a_user


def test_a_contested_password_is_settled_by_a_new_one_and_by_nothing_else() -> None:
    """AT-7: a stronger hash of the same password does not end the dispute."""
    credential = PasswordCredential.create(user_id=a_user().id, hashed="one", now=NOW)
    assert not credential.contested
    credential.contest()
    credential.rehash("stronger one")
    assert credential.contested
    assert (credential.hash, credential.changed_at) == ("stronger one", NOW)
    credential.replace("two", now=NOW + HOUR)
    assert (credential.hash, credential.changed_at, credential.contested) == (
        "two",
        NOW + HOUR,
        False,
    )
