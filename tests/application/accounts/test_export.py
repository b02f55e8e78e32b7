"""A copy of everything that is held about a user (HD-13)."""

from adapters.memory.service_unit import MemoryUnitOfWork
from application.accounts.export import AccountExport
from application.owned_data import Record
from domain.principal import OPERATOR
from tests.application.service import MINUTE
from tests.application.stories import ADA, ORIGIN, Service, principal_of


async def read(export: AccountExport[MemoryUnitOfWork]) -> dict[str, list[Record]]:
    """Return the records of every section."""
    return {
        part.section: [record async for record in part.records(export.owner)]
        for part in export.sections
    }


async def test_the_copy_holds_everything_that_is_held() -> None:
    """HD-13: and writing it leaves a row."""
    service = Service()
    await service.operator_makes(OPERATOR, ADA, roles=["administrator"])
    grant, other = await service.sign_in(), await service.sign_in()
    await service.sign_out(other)
    await service.forgotten_password()
    await service.invite(principal_of(grant), "bob@example.com", ["user"])
    service.clock.advance(MINUTE)
    export = await service.accounts.export_data(
        principal=principal_of(grant), user_id=grant.user.id, origin=ORIGIN
    )
    assert export.exported_at == service.clock.now()
    held = await read(export)
    assert held.pop("factors") == held.pop("trusted_devices") == []
    assert held.pop("api_keys") == held.pop("service_accounts") == []
    assert list(held) == [
        "user", "password", "mailed_secrets", "sessions", "messages",
        "security_events", "invitations_sent",
    ]  # fmt: skip
    assert {part.section for part in export.sections if not part.is_list} == {"user", "password"}
    (user,), (password,) = held["user"], held["password"]
    assert user["email"] == ADA
    assert set(password) == {"changed_at"}
    sessions = sorted([grant.session.id, other.session.id], reverse=True)
    assert [each["id"] for each in held["sessions"]] == [str(session) for session in sessions]
    assert [each["current"] for each in held["sessions"]] == [
        session == grant.session.id for session in sessions
    ]
    assert [token["purpose"] for token in held["mailed_secrets"]] == ["password_reset"]
    assert [each["email"] for each in held["invitations_sent"]] == ["bob@example.com"]
    assert {message["to"] for message in held["messages"]} == {ADA}
    assert len(held["security_events"]) == len(
        [row for row in service.audited() if str(grant.user.id) in repr(row)]
    )
    assert held["security_events"][0]["type"] == "user.exported"
