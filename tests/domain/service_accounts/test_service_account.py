"""What a service account may be, and what changes of it are told."""

import pytest

from domain.assurance import Level
from domain.identifiers import UserId
from domain.principal import ADMINISTRATOR, Guards, Permission, RoleName
from domain.service_accounts.service_account import (
    ServiceAccount,
    ServiceAccountStatus,
    name_key,
)
from tests.domain.samples import MINUTE, NOW, entropy_from, refusal_of

ENTROPY = entropy_from("service accounts")
MAKER = UserId.new(NOW, ENTROPY)
SUPPORT = RoleName("support")
LATER = NOW + MINUTE


def made(name: str = " Shop ", description: str | None = " Sells. ") -> ServiceAccount:
    """Return a new account."""
    account, event = ServiceAccount.create(
        name=name, description=description, created_by=MAKER, now=NOW, entropy=ENTROPY
    )
    assert event.target == ("service_account", account.id)
    return account


def test_a_new_account_has_a_name_and_nothing_else() -> None:
    account = made()
    assert (account.name, account.description, account.created_by) == ("Shop", "Sells.", MAKER)
    assert (account.status, account.roles) == (ServiceAccountStatus.ACTIVE, frozenset())
    assert made(description="  ").description is None
    assert made(description=None).description is None


@pytest.mark.parametrize("name", ["", "  ", "x" * 101, "a\nb", "a\x00"])
def test_a_name_has_to_be_one(name: str) -> None:
    account = made()
    assert refusal_of(lambda: made(name))[0] == "name"
    assert refusal_of(lambda: account.describe(name=name, description=None, now=LATER))[0] == "name"
    assert (account.name, account.description, account.updated_at) == ("Shop", "Sells.", NOW)


@pytest.mark.parametrize("description", ["x" * 501, "a\nb", "a\x00"])
def test_a_description_is_short_and_printable(description: str) -> None:
    assert made(description="x" * 500).description
    assert refusal_of(lambda: made(description=description))[0] == "description"


def test_names_are_the_same_in_whichever_case() -> None:
    assert name_key("Straße") == name_key("STRASSE") != name_key("Strasen")


def test_what_changes_nothing_is_no_event() -> None:
    """LG-3: a row tells of a change."""
    account = made()
    assert account.describe(name="Shop", description="Sells.", now=LATER) is None
    assert account.reinstate(now=LATER) is None
    assert account.revoke(SUPPORT, now=LATER) is None
    assert account.updated_at == NOW
    assert account.describe(name="Shop", description=None, now=LATER)
    assert account.grant(SUPPORT, now=LATER)
    assert account.grant(SUPPORT, now=LATER + MINUTE) is None
    assert account.suspend("loud", now=LATER)
    assert account.suspend("other", now=LATER + MINUTE) is None
    assert (account.status, account.suspension_reason) == ("suspended", "loud")
    assert account.updated_at == LATER
    assert account.reinstate(now=LATER)
    assert (account.status, account.suspension_reason) == ("active", None)
    assert account.revoke(SUPPORT, now=LATER)
    assert account.roles == frozenset()


def test_the_events_name_the_account_and_the_role() -> None:
    """LG-3: giving a program a role has the word that giving a user one has."""
    account = made()
    granted = account.grant(SUPPORT, now=NOW)
    assert granted is not None
    assert (granted.name, granted.target) == ("role.granted", ("service_account", account.id))
    assert granted.data() == {"service_account_id": str(account.id), "role": "support"}
    revoked = account.revoke(SUPPORT, now=NOW)
    assert revoked is not None
    assert revoked.name == "role.revoked"
    assert account.removed(now=NOW).data() == {"service_account_id": str(account.id)}


@pytest.mark.parametrize("reason", ["", "  ", "x" * 501])
def test_a_reason_is_stated_or_left_out(reason: str) -> None:
    account = made()
    assert refusal_of(lambda: account.suspend(reason, now=NOW))[0] == "reason"
    assert account.status is ServiceAccountStatus.ACTIVE
    assert account.suspend(None, now=NOW)


def test_the_administrators_role_asks_for_its_level_of_programs_too() -> None:
    """MF-2."""
    account = made()
    account.grant(ADMINISTRATOR, now=NOW)
    audit = Permission("audit:read")
    assert account.authority(administrator=None).at(Level.AAL1).may(audit)
    guarded = account.authority(administrator=Level.AAL2)
    assert not guarded.at(Level.AAL1).may(audit)
    assert guarded.at(Level.AAL2).may(audit)
    assert guarded.guards == Guards({ADMINISTRATOR: Level.AAL2}, {})
