"""Accounts of programs: what they may do, what is done to them, and what they have not (trap 8)."""

import pytest

from adapters.memory.service_accounts.tables import SERVICE_ACCOUNTS
from application.api_keys.making import NewKey
from application.paging import PageRequest
from domain.access.role import RoleInUse, RoleNotFound
from domain.api_keys.key_text import ApiKeyInvalid
from domain.assurance import Level, StepUpRequired
from domain.errors import ValidationFailed
from domain.identifiers import ServiceAccountId
from domain.principal import OPERATOR, PermissionDenied, Principal
from domain.service_accounts.service_account import (
    ServiceAccount,
    ServiceAccountAlreadyExists,
    ServiceAccountNotFound,
)
from tests.application.api_keys.holders import key_of, program, user_with
from tests.application.service import MINUTE
from tests.application.stories import ORIGIN, Service, kinds, with_permissions
from tests.contracts.samples import in_parallel

UNKNOWN = ServiceAccountId.parse("019aa5c2-7f3e-7c41-9b0a-2f6d1e8c4b5a")
WRITER = with_permissions("service-accounts:write")
READER = with_permissions("service-accounts:read")
FIRST = PageRequest(limit=10)


async def make(
    service: Service, name: str = "Shop", principal: Principal = OPERATOR
) -> ServiceAccount:
    """Make a service account."""
    service.clock.advance(MINUTE)
    return await service.service_accounts.create(
        principal=principal, name=name, description="Sells.", origin=ORIGIN
    )


def stored(service: Service, account: ServiceAccount) -> ServiceAccount:
    """Return the account as the store has it."""
    return service.store.committed(SERVICE_ACCOUNTS).rows[account.id]


async def caller(service: Service, key: NewKey) -> Principal:
    """Return who calls with the key."""
    return (await service.api_keys.authenticate(key.text.text)).principal


async def set_role(
    service: Service,
    account: ServiceAccount,
    role: str,
    *,
    held: bool = True,
    principal: Principal = OPERATOR,
) -> None:
    """Give the account a role, or take it away."""
    await service.access.set_service_role(
        principal=principal, account_id=account.id, role=role, held=held, origin=ORIGIN
    )


async def test_an_account_is_made_shown_described_and_removed() -> None:
    service = Service()
    account = await make(service, principal=WRITER)
    assert account.created_by == WRITER.user_id
    shown = await service.service_accounts.show(principal=READER, account_id=account.id)
    assert (shown.name, shown.description, shown.status) == ("Shop", "Sells.", "active")
    named = await service.service_accounts.show.named(principal=READER, name="sHOP")
    assert named.id == account.id
    changed = await service.service_accounts.describe(
        principal=WRITER, account_id=account.id, name="Store", origin=ORIGIN
    )
    assert (changed.name, changed.description) == ("Store", "Sells.")
    async with service.unchanged():
        await service.service_accounts.describe(
            principal=WRITER, account_id=account.id, name="Store", origin=ORIGIN
        )
    changed = await service.service_accounts.describe(
        principal=WRITER, account_id=account.id, description=None, origin=ORIGIN
    )
    assert (changed.name, changed.description) == ("Store", None)
    await service.service_accounts.remove(principal=WRITER, account_id=account.id, origin=ORIGIN)
    assert kinds(service.audited()) == [
        "service_account.created", "service_account.changed", "service_account.changed",
        "service_account.removed",
    ]  # fmt: skip
    assert {row.target.id for row in service.audited() if row.target} == {str(account.id)}
    with pytest.raises(ServiceAccountNotFound):
        await service.service_accounts.show(principal=READER, account_id=account.id)
    with pytest.raises(ServiceAccountNotFound):
        await service.service_accounts.show.named(principal=READER, name="Store")


async def test_every_deed_takes_its_permission_and_an_account() -> None:
    """AZ-2."""
    service = Service()
    account = await make(service)
    accounts = service.service_accounts
    for account_id, principal, refusal in (
        (account.id, with_permissions("users:write", "roles:write"), PermissionDenied),
        (UNKNOWN, OPERATOR, ServiceAccountNotFound),
    ):
        async with service.unchanged():
            for deed in (
                accounts.show(principal=principal, account_id=account_id),
                accounts.describe(
                    principal=principal, account_id=account_id, name="x", origin=ORIGIN
                ),
                accounts.suspend(
                    principal=principal, account_id=account_id, reason=None, origin=ORIGIN
                ),
                accounts.reinstate(principal=principal, account_id=account_id, origin=ORIGIN),
                accounts.remove(principal=principal, account_id=account_id, origin=ORIGIN),
            ):
                with pytest.raises(refusal):
                    await deed
    with pytest.raises(PermissionDenied):
        await accounts.list(principal=WRITER, asked=FIRST)
    with pytest.raises(PermissionDenied):
        await accounts.show.named(principal=WRITER, name="Shop")
    with pytest.raises(PermissionDenied):
        await make(service, "Other", READER)


async def test_a_name_is_of_one_account() -> None:
    service = Service()
    await make(service)
    other = await make(service, "Other")
    async with service.unchanged():
        with pytest.raises(ServiceAccountAlreadyExists):
            await make(service, "SHOP")
        with pytest.raises(ServiceAccountAlreadyExists):
            await service.service_accounts.describe(
                principal=WRITER, account_id=other.id, name="shop", origin=ORIGIN
            )
    outcomes = await in_parallel(make(service, "Many") for _ in range(4))
    assert len([each for each in outcomes if isinstance(each, ServiceAccount)]) == 1


async def test_accounts_are_listed_the_newest_first_in_pages() -> None:
    service = Service()
    made = [await make(service, f"Program {number}") for number in range(5)]
    asked, seen = PageRequest(limit=2, counted=True), list[ServiceAccountId]()
    page = await service.service_accounts.list(principal=READER, asked=asked)
    assert page.count == 5
    while True:
        seen += [each.id for each in page.items]
        if page.next_cursor is None:
            break
        page = await service.service_accounts.list(
            principal=READER, asked=PageRequest(limit=2, cursor=page.next_cursor)
        )
    assert seen == [each.id for each in reversed(made)]


async def test_a_suspended_account_has_no_keys_until_it_is_reinstated() -> None:
    """Trap 4: from the next request on; and in between none is lost."""
    service = Service()
    account, key = await program(service, "shop:open")
    with pytest.raises(ValidationFailed):
        await service.service_accounts.suspend(
            principal=WRITER, account_id=account.id, reason="", origin=ORIGIN
        )
    suspended = await service.service_accounts.suspend(
        principal=WRITER, account_id=account.id, reason="loud", origin=ORIGIN
    )
    assert (suspended.status, suspended.suspension_reason) == ("suspended", "loud")
    with pytest.raises(ApiKeyInvalid):
        await caller(service, key)
    async with service.unchanged():
        await service.service_accounts.suspend(
            principal=WRITER, account_id=account.id, reason="again", origin=ORIGIN
        )
    await service.service_accounts.reinstate(principal=WRITER, account_id=account.id, origin=ORIGIN)
    async with service.unchanged():
        await service.service_accounts.reinstate(
            principal=WRITER, account_id=account.id, origin=ORIGIN
        )
    assert (await caller(service, key)).permissions == {"shop:open"}
    assert kinds(service.audited("service_account.suspended", "service_account.reinstated")) == [
        "service_account.suspended", "service_account.reinstated",
    ]  # fmt: skip


async def test_with_an_account_go_its_keys_and_its_roles() -> None:
    """And of two who remove it, one is told that it is gone."""
    service = Service()
    account, key = await program(service, "shop:open")
    with pytest.raises(RoleInUse):
        await remove_role(service, "shop")
    outcomes = await in_parallel(
        service.service_accounts.remove(principal=WRITER, account_id=account.id, origin=ORIGIN)
        for _ in range(3)
    )
    assert sorted(type(each).__name__ for each in outcomes) == [
        "NoneType", "ServiceAccountNotFound", "ServiceAccountNotFound",
    ]  # fmt: skip
    with pytest.raises(ApiKeyInvalid):
        await caller(service, key)
    assert len(service.audited("service_account.removed")) == 1
    await remove_role(service, "shop")


async def remove_role(service: Service, name: str) -> None:
    """Remove a role."""
    await service.access.remove_role(principal=OPERATOR, name=name, expected=None, origin=ORIGIN)


# --- roles --------------------------------------------------------------------------------------


async def test_a_role_is_given_by_who_may_give_it_and_has_what_it_gives() -> None:
    """AZ-3: nobody makes a program that does what they may not, and only an administrator one."""
    service = Service()
    account = await make(service)
    await service.define_role("support", ["users:read", "orders:refund"])
    for principal in (
        with_permissions("service-accounts:write", "users:read", "orders:refund"),
        with_permissions("roles:grant", "users:read"),
        with_permissions("roles:grant", "service-accounts:write"),
    ):
        async with service.unchanged():
            with pytest.raises(PermissionDenied):
                await set_role(service, account, "support", principal=principal)
    able = with_permissions("roles:grant", "users:read", "orders:refund")
    async with service.unchanged():
        with pytest.raises(PermissionDenied):
            await set_role(service, account, "administrator", principal=able)
        with pytest.raises(RoleNotFound):
            await set_role(service, account, "nothing", principal=able)
        with pytest.raises(ValidationFailed):
            await set_role(service, account, "No Role", principal=able)
        with pytest.raises(ServiceAccountNotFound):
            await service.access.set_service_role(
                principal=able, account_id=UNKNOWN, role="support", held=True, origin=ORIGIN
            )
    await set_role(service, account, "support", principal=able)
    assert stored(service, account).roles == {"support"}
    async with service.unchanged():
        await set_role(service, account, "support", principal=able)
        with pytest.raises(PermissionDenied):
            await set_role(
                service,
                account,
                "support",
                held=False,
                principal=with_permissions("roles:grant", "users:read"),
            )
    await set_role(service, account, "support", held=False, principal=able)
    assert stored(service, account).roles == frozenset()
    rows = service.audited("role.granted", "role.revoked")
    assert kinds(rows) == ["role.granted", "role.revoked"]
    for row in rows:
        assert row.target is not None
        assert (row.target.kind, row.target.id) == ("service_account", str(account.id))
        assert row.data["role"] == "support"


async def test_a_guarded_role_takes_a_recent_proof_and_wakes_for_keys_of_its_level() -> None:
    """MF-2, HD-6."""
    service = Service()
    account = await make(service)
    await service.access.define_role(
        principal=OPERATOR, name="finance", description=None, permissions=["orders:refund"],
        required_acr=Level.AAL2, origin=ORIGIN,
    )  # fmt: skip
    with pytest.raises((StepUpRequired, PermissionDenied)):
        await set_role(
            service, account, "finance", principal=with_permissions("roles:grant", "orders:refund")
        )
    await set_role(service, account, "finance")
    low = await key_of(service, account, "orders:refund")
    assert (await caller(service, low)).permissions == frozenset()
    user = await user_with(service, "orders:refund", "service-accounts:write")
    app, _ = await service.enrol_totp(await service.sign_in())
    service.clock.advance(MINUTE)
    grant = await service.sign_in(proof=app.proof())
    high = await service.api_keys.create(
        principal=(await service.authenticate(grant)).principal,
        owner=account.id,
        name="high",
        permissions=["orders:refund"],
        origin=ORIGIN,
    )
    assert (high.shown.key.acr, high.shown.key.created_by) == (Level.AAL2, user.id)
    assert (await caller(service, high)).permissions == {"orders:refund"}


# --- keys ---------------------------------------------------------------------------------------


async def test_a_programs_key_has_nothing_that_its_maker_lacks() -> None:
    """AZ-3: whoever makes it holds it; neither making nor rotating one is a way up."""
    service = Service()
    account, strong = await program(service, "users:read", "orders:refund")
    await user_with(service, "service-accounts:write", "users:read")
    principal = (await service.authenticate(await service.sign_in())).principal
    async with service.unchanged():
        with pytest.raises(PermissionDenied):
            await service.api_keys.create(
                principal=principal, owner=account.id, name="x",
                permissions=["orders:refund"], origin=ORIGIN,
            )  # fmt: skip
        with pytest.raises(PermissionDenied):
            await service.api_keys.rotate(
                principal=principal, owner=account.id, key_id=strong.shown.key.id, origin=ORIGIN
            )
    weak = await service.api_keys.create(
        principal=principal, owner=account.id, name="x", permissions=["users:read"], origin=ORIGIN
    )
    await service.api_keys.rotate(
        principal=principal, owner=account.id, key_id=weak.shown.key.id, origin=ORIGIN
    )


async def test_a_key_may_be_for_what_its_program_gets_later() -> None:
    """It gives nothing of it before."""
    service = Service()
    account, _ = await program(service, "shop:open")
    await service.define_role("support", ["users:read"])
    key = await key_of(service, account, "users:read", "shop:open")
    assert key.shown.effective == {"shop:open"}
    await set_role(service, account, "support")
    assert (await caller(service, key)).permissions == {"shop:open", "users:read"}


async def test_a_program_is_mailed_nothing_and_acts_under_its_own_name() -> None:
    """Trap 8, LG-3: it has no mailbox; what it does is told with it and its key."""
    service = Service()
    _, key = await program(service, "service-accounts:write")
    program_calls = await caller(service, key)
    other = await make(service, "Other", program_calls)
    assert other.created_by is None
    (*_, row) = service.audited("service_account.created")
    assert (row.actor.kind, row.actor.id) == ("service", str(program_calls.account_id))
    assert row.actor.key_id == str(key.shown.key.id)
    await service.deliver()
    assert service.mailbox.mails == []


async def test_a_program_gives_roles_as_far_as_its_key_goes() -> None:
    """AZ-3: of a key of an administrator, too, the name of that role is not handed on."""
    service = Service()
    account = await make(service, "Other")
    await service.define_role("support", ["users:read"])
    _, key = await program(service, "roles:grant", "users:read")
    await set_role(service, account, "support", principal=await caller(service, key))
    assert stored(service, account).roles == {"support"}
    root = await user_with(service)
    await service.set_role(root, "administrator")
    strong = await key_of(service, root, "roles:grant", "users:read", "keys:manage")
    with pytest.raises(PermissionDenied):
        await set_role(service, account, "administrator", principal=await caller(service, strong))
