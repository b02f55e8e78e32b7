"""What is held about a user is in the export, and is gone with the account (HD-13, AZ-7)."""

import sys
from collections.abc import Awaitable, Callable
from dataclasses import dataclass

import pytest

from adapters.memory.credentials.attempts import ATTEMPTS
from adapters.memory.service_unit import MemoryUnitOfWork
from application.owned_data import OwnedData, Owner, Record
from application.sessions.token_grants import TokenGrant
from domain.credentials.sign_in_attempts import attempt_key
from domain.email_address import EmailAddress
from domain.errors import DomainError
from domain.origin import Origin
from domain.principal import OPERATOR
from tests.application.doubles import overtake
from tests.application.service import MINUTE
from tests.application.stories import ADA, ORIGIN, OTHER_PASSWORD, Service, principal_of
from tests.contracts.samples import a_device, a_service_account, a_totp, an_api_key

BOB = "bob@example.com"
SECTIONS = [
    "user",
    "password",
    "mailed_secrets",
    "factors",
    "trusted_devices",
    "api_keys",
    "service_accounts",
    "sessions",
    "messages",
    "security_events",
    "invitations_sent",
]
SHORT = {"user", "password", "mailed_secrets", "factors", "trusted_devices", "api_keys"}
"""What a user cannot have many of, and is read in one go."""
TRAIL = {"audit_events", "audit_places"}
"""The trail keeps the bare id (LG-3)."""
THEIR_PLACE = Origin(ip_address="198.51.100.77", user_agent="lynx/2", request_id="r-2")


async def everything_of(service: Service, email: str) -> TokenGrant:
    """Make a user of whom something is held in every table; return their latest session."""
    service.clock.advance(MINUTE)
    await service.invite(OPERATOR, email)
    await service.verified_user(email)
    user = service.user(email)
    await service.set_role(user, "administrator")
    for _ in range(3):
        await service.sign_out(await service.sign_in(email, origin=THEIR_PLACE))
    await service.sign_in(email, origin=THEIR_PLACE)
    grant = await service.sign_in(email, origin=THEIR_PLACE)
    await service.refresh(grant.refresh_token)
    domain = email.replace("@", ".")
    for number in range(3):
        await service.invite(principal_of(grant), f"friend{number}@{domain}", ["user"])
    await service.deliver()
    await service.forgotten_password(email)
    await service.ask_to_move(grant, f"new@{domain}")
    with pytest.raises(DomainError):
        await service.sign_in(email, OTHER_PASSWORD, origin=THEIR_PLACE)
    async with service.units() as unit:
        await unit.factors.add(a_totp(grant.user))
        for _ in range(3):
            program = a_service_account(maker=grant.user)
            await unit.service_accounts.add(program)
            await unit.api_keys.add(an_api_key(program, maker=grant.user))
        await unit.api_keys.add(an_api_key(grant.user, maker=grant.user))
        await unit.devices.add(a_device(grant.user))
        await unit.commit()
    return grant


async def a_full_service() -> tuple[Service, TokenGrant]:
    """Return a service with everything of two users, and the session of Ada."""
    service = Service()
    await service.audit.chain.begin()
    await everything_of(service, BOB)
    grant = await everything_of(service, ADA)
    await service.audit.chain()
    return service, grant


async def sections_of(service: Service, grant: TokenGrant) -> list[OwnedData[MemoryUnitOfWork]]:
    """Return what an export is made of."""
    export = await service.accounts.export_data(
        principal=principal_of(grant), user_id=grant.user.id, origin=ORIGIN
    )
    assert list(export.sections[:-1]) == list(service.owned)
    return list(export.sections)


def owner_of(grant: TokenGrant) -> Owner:
    """Return whose data it is."""
    return Owner(user_id=grant.user.id, email=grant.user.email, session_id=grant.session.id)


@dataclass(frozen=True)
class Trace:
    """A row in which a name stands."""

    table: str
    row: str


def traces(service: Service, *names: str) -> list[Trace]:
    """Return every committed row in which one of the names stands, in whatever case."""
    return [
        Trace(table, text)
        for table, rows in service.snapshot().items()
        for text in (f"{key!r} {row!r}" for key, row in rows.items())
        if any(name.casefold() in text.casefold() for name in names)
    ]


async def test_every_section_has_something_to_show() -> None:
    """GDPR, article 15: the sections are those that the contract names, in its order."""
    service, grant = await a_full_service()
    sections = await sections_of(service, grant)
    assert [part.section for part in sections] == SECTIONS
    for part in sections:
        records = [record async for record in part.records(owner_of(grant))]
        assert records, part.section
        assert part.is_list or len(records) == 1


async def test_a_table_of_users_data_has_its_section() -> None:
    """A table that belongs to users and is in no export is forgotten in the erasure, too."""
    service, grant = await a_full_service()
    tables = service.store.tables
    shown = {table.section for table in tables if table.section is not None}
    assert shown == {part.section for part in await sections_of(service, grant)}
    assert [table.name for table in tables if table.is_owned and table.section is None] == []


async def test_nothing_secret_and_nothing_of_others_is_in_a_copy() -> None:
    """RF-5, PW-2: no hash, no digest, no token; and not a word of another user's."""
    service, grant = await a_full_service()
    bob, credential = service.user(BOB), service.credential()
    assert credential is not None
    texts = []
    for part in await sections_of(service, grant):
        records: list[Record] = [record async for record in part.records(owner_of(grant))]
        assert "bytes" not in {type(value).__name__ for each in records for value in each.values()}
        texts.append(repr(records))
    copy = "\n".join(texts)
    tokens = [mail.token for mail in await service.mails() if mail.token is not None]
    assert tokens
    for foreign in (
        credential.hash,
        grant.refresh_token,
        grant.access_token,
        *tokens,
        str(bob.id),
        BOB,
    ):
        assert foreign not in copy


@pytest.mark.parametrize("section", SECTIONS)
async def test_a_long_section_comes_whole_and_leaves_no_unit_of_work_open(
    section: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """HD-13: in bounded memory, however slowly it is read."""
    service, grant = await a_full_service()
    (part,) = (each for each in await sections_of(service, grant) if each.section == section)
    whole = [record async for record in part.records(owner_of(grant))]
    assert len(whole) > 2 or section in SHORT
    asked = 0

    async def opened() -> None:
        nonlocal asked
        asked += 1

    overtake(monkeypatch, MemoryUnitOfWork, "__aenter__", opened, times=1000)
    for batch in (1, 2, 3, len(whole), len(whole) + 1):
        for module in [each for name, each in sys.modules.items() if name.endswith("owned")]:
            if hasattr(module, "BATCH"):
                monkeypatch.setattr(module, "BATCH", batch)
        monkeypatch.setattr("application.owned_data.BATCH", batch)
        asked, read = 0, list[Record]()
        async for record in part.records(owner_of(grant)):
            assert service.store.open_units == 0
            read.append(record)
        assert read == whole
        if section not in SHORT:
            assert asked == len(whole) // batch + 1


async def erase_as_owner(service: Service, grant: TokenGrant) -> None:
    await service.erase_own_account(grant)


async def erase_as_operator(service: Service, grant: TokenGrant) -> None:
    await service.accounts.erase_user(
        principal=OPERATOR, user_id=grant.user.id, expected=None, origin=ORIGIN
    )


@pytest.mark.parametrize("erase", [erase_as_owner, erase_as_operator])
async def test_after_an_erasure_no_row_names_the_user(
    erase: Callable[[Service, TokenGrant], Awaitable[None]],
) -> None:
    """HD-13, AZ-7: but for the bare id in the trail, and the last mail, which goes in a week."""
    service, grant = await a_full_service()
    names = [str(grant.user.id), ADA]
    named = {trace.table for trace in traces(service, *names)}
    owned = {table.name for table in service.store.tables if table.is_owned}
    assert named >= owned | {"outbox_messages"} | TRAIL
    assert attempt_key(EmailAddress.parse(ADA)) in service.store.committed(ATTEMPTS).rows
    others = traces(service, str(service.user(BOB).id), BOB)

    await erase(service, grant)

    left = traces(service, *names)
    assert {trace.table for trace in left} == TRAIL | {"outbox_messages"}
    (farewell,) = (trace.row for trace in left if trace.table == "outbox_messages")
    assert "account_erased" in farewell
    assert str(grant.user.id) not in farewell
    trail = "\n".join(trace.row for trace in left if trace.table in TRAIL)
    for personal in (ADA, THEIR_PLACE.ip_address, THEIR_PLACE.user_agent):
        assert personal is not None
        assert personal not in trail
    assert attempt_key(EmailAddress.parse(ADA)) not in service.store.committed(ATTEMPTS).rows
    assert traces(service, str(service.user(BOB).id), BOB) == others
