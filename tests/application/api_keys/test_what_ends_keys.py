"""What takes a user's API keys away, and what leaves them (AT-7, HD-7, HD-13, MF-2)."""

import re
from collections.abc import Awaitable, Callable

import pytest

from adapters.memory.api_keys.tables import API_KEYS
from application.api_keys.making import NewKey
from application.factors.proofs import Proof, ProofKind
from application.sessions.token_grants import TokenGrant
from domain.api_keys.key_text import ApiKeyInvalid
from domain.principal import OPERATOR
from domain.users.user import User
from tests.application.api_keys.holders import key_of, program, revoke
from tests.application.service import HOUR, MINUTE
from tests.application.stories import (
    ADA,
    ORIGIN,
    OTHER_PASSWORD,
    PASSWORD,
    Service,
    kinds,
    principal_of,
)

THIRD_PASSWORD = "lantern orbit marmalade"
BOB = "bob@example.com"


async def works(service: Service, key: NewKey) -> bool:
    """Tell whether the key is taken for one; a key that is refused is refused as unknown."""
    try:
        await service.api_keys.authenticate(key.text.text)
    except ApiKeyInvalid:
        return False
    return True


def stored(service: Service) -> int:
    """Return how many keys there are."""
    return len(service.store.committed(API_KEYS).rows)


async def a_key(service: Service, grant: TokenGrant) -> NewKey:
    """Make a key as the user does."""
    return await service.api_keys.create(
        principal=principal_of(grant), name="CI", permissions=[], origin=ORIGIN
    )


# --- whatever was there before the address was proven (AT-7) ----------------------------------


async def by_reset(service: Service) -> None:
    await service.reset_password(await service.forgotten_password(), THIRD_PASSWORD)


async def by_verification(service: Service) -> None:
    tokens = [mail.token for mail in await service.mails() if mail.token]
    await service.confirm(tokens[0])


async def by_verification_of_a_contested_account(service: Service) -> None:
    await service.sign_up(password=PASSWORD)
    await service.confirm(await service.mailed_token())


async def by_invitation(service: Service) -> None:
    await service.invite(OPERATOR)
    await service.accept_invitation(await service.mailed_token(), THIRD_PASSWORD)


async def by_mailed_code(service: Service) -> None:
    service.clock.advance(MINUTE)
    challenge = await service.factors.request_sign_in_code(email=ADA, origin=ORIGIN)
    (code,) = re.findall(r"^[0-9]{8}$", (await service.mails())[-1].text, re.MULTILINE)
    await service.complete(challenge.token, Proof(ProofKind.EMAIL_CODE, code))


@pytest.mark.parametrize("has_factor", [False, True])
@pytest.mark.parametrize(
    "proof",
    [
        by_reset,
        by_verification,
        by_verification_of_a_contested_account,
        by_invitation,
        by_mailed_code,
    ],
)
async def test_a_planted_key_gives_nothing_after_the_proof(
    proof: Callable[[Service], Awaitable[None]], has_factor: bool
) -> None:
    """AT-7: it would outlive every password; and the owner is told that there was one."""
    service = Service(verified_only=False, sign_in_methods=("password", "passkey", "email"))
    await service.sign_up(password=OTHER_PASSWORD)
    planted = await a_key(service, await service.sign_in(password=OTHER_PASSWORD))
    if has_factor:
        await service.enrol_passkey(await service.sign_in(password=OTHER_PASSWORD))
    assert await works(service, planted)
    await proof(service)
    assert not await works(service, planted)
    assert stored(service) == 0
    (row,) = service.audited("api_key.revoked")
    assert row.data["api_key_id"] == str(planted.shown.key.id)
    (mail,) = [m for m in await service.mails() if m.subject == "A way to sign in was removed"]
    what = "Every second factor and every API key" if has_factor else "Every API key"
    assert f"{what} was removed" in mail.text


async def test_a_key_from_after_the_proof_outlives_a_reset() -> None:
    """AT-7: the address was proven before, so it is the owner's."""
    service = Service()
    key = await a_key(service, await service.signed_in_user())
    await by_reset(service)
    assert await works(service, key)
    assert service.audited("api_key.revoked") == []


# --- a new password leaves keys, and its mail says so -------------------------------------------


async def change_password(service: Service) -> None:
    await service.change_password(await service.sign_in())


both = pytest.mark.parametrize("renew", [by_reset, change_password])


async def told(service: Service) -> list[str]:
    """Return the paragraphs of the mail about the new password."""
    (mail,) = [m for m in await service.mails() if m.subject == "Your password was changed"]
    return mail.text.strip().split("\n\n")


@both
@pytest.mark.parametrize("number", [1, 3])
async def test_the_mail_says_how_many_keys_are_left_and_where_to_revoke_them(
    renew: Callable[[Service], Awaitable[None]], number: int
) -> None:
    """AT-6: those that still give something, and neither name nor hint of one."""
    service = Service()
    user = await service.verified_user()
    over = await key_of(service, user, expires_in=60)
    service.clock.advance(MINUTE)
    keys = [await key_of(service, user) for _ in range(number)]
    await renew(service)
    (_, intro, count, _) = await told(service)
    assert "API keys are not changed by that" in intro
    assert "revoke in the list of your API keys" in intro
    assert count == ("1 API key" if number == 1 else "3 API keys")
    assert all([await works(service, key) for key in keys])
    assert over.shown.key.hint not in "".join(await told(service))


@both
async def test_where_no_key_is_left_the_mail_is_as_it_was(
    renew: Callable[[Service], Awaitable[None]],
) -> None:
    service = Service()
    await service.verified_user()
    other = await service.verified_user(BOB)
    await key_of(service, other)
    await renew(service)
    assert len(await told(service)) == 2


@both
async def test_passkeys_and_keys_stand_in_one_mail(
    renew: Callable[[Service], Awaitable[None]],
) -> None:
    service = Service()
    grant = await service.signed_in_user()
    await key_of(service, service.user())
    device, _ = await service.enrol_passkey(grant)
    if renew is change_password:
        await service.change_password(await service.sign_in_with(device))
    else:
        await renew(service)
    (_, passkeys, _, keys, count, _) = await told(service)
    assert ("Passkeys are not" in passkeys, "API keys are not" in keys) == (True, True)
    assert count == "1 API key"


# --- factors that are taken away ----------------------------------------------------------------


async def reset(service: Service, user: User) -> None:
    """Take the user's factors away, as an operator does from the command line."""
    await service.factors.reset(principal=OPERATOR, user_id=user.id, reason="Lost.", origin=ORIGIN)


@pytest.mark.parametrize("has_factor", [False, True])
async def test_a_reset_of_factors_takes_the_keys_and_says_so(has_factor: bool) -> None:
    """HD-7: and of an account without factors, whose keys may be what it is about."""
    service = Service()
    grant = await service.signed_in_user()
    mine, others = (
        await a_key(service, grant),
        await key_of(service, await service.verified_user(BOB)),
    )
    _, its = await program(service, "orders:refund")
    if has_factor:
        await service.enrol_totp(grant)
    await reset(service, grant.user)
    assert [await works(service, key) for key in (mine, others, its)] == [False, True, True]
    (row,) = service.audited("api_key.revoked")
    assert row.data["api_key_id"] == str(mine.shown.key.id)
    assert row.actor.kind == "operator"
    assert kinds(service.audited("factor.reset")) == ["factor.reset"]
    (mail,) = [m for m in await service.mails() if "taken away" in m.subject]
    assert "No API key of yours was left" in mail.text


async def test_a_reset_where_there_is_nothing_changes_nothing() -> None:
    service = Service()
    user = await service.verified_user()
    async with service.unchanged():
        await reset(service, user)


async def test_undoing_the_first_factor_takes_the_keys_too() -> None:
    """Whoever had the password then could make them, and a new password does not end them."""
    service = Service()
    thief = await service.signed_in_user()
    before = await a_key(service, thief)
    app, _ = await service.enrol_totp(thief)
    service.clock.advance(MINUTE)
    after = await a_key(service, await service.sign_in(proof=app.proof()))
    (*_, token) = [m.token for m in await service.mails() if m.link and "/undo-factor?" in m.link]
    assert token is not None
    await service.factors.undo_first(token=token, origin=ORIGIN)
    assert [await works(service, key) for key in (before, after)] == [False, False]
    assert len(service.audited("api_key.revoked")) == 2
    (mail,) = [m for m in await service.mails() if m.subject == "A way to sign in was removed"]
    assert "Every second factor and every API key was removed" in mail.text


# --- what leaves them ---------------------------------------------------------------------------


async def test_a_key_outlives_the_session_that_made_it() -> None:
    """It is for what runs when nobody is signed in."""
    service = Service()
    grant = await service.signed_in_user()
    key = await a_key(service, grant)
    await service.sign_out(grant)
    service.clock.advance(100 * 24 * HOUR)
    assert await works(service, key)


async def test_moving_to_another_address_leaves_keys() -> None:
    """As it leaves the sessions: whoever moves has shown who they are, and the owner is told."""
    service = Service()
    grant = await service.signed_in_user()
    key = await a_key(service, grant)
    await service.ask_to_move(grant, BOB)
    await service.confirm_move(await service.mailed_token(BOB))
    assert await works(service, key)


async def test_another_secret_key_leaves_keys() -> None:
    """Trap 7: no upgrade and no change of a setting makes all programs fail at once."""
    service = Service()
    user = await service.verified_user()
    _, its = await program(service, "orders:refund")
    mine = await key_of(service, user)
    other = Service(store=service.store, clock=service.clock, secret_key=b"o" * 32)
    assert [await works(other, key) for key in (mine, its)] == [True, True]


# --- the end of the account ---------------------------------------------------------------------


async def test_with_an_account_go_its_keys_and_what_was_done_with_them_stays() -> None:
    """HD-13, LG-3: the trail keeps bare identifiers, of the key too, and stays whole."""
    service = Service()
    await service.audit.chain.begin()
    await service.define_role("support", ["users:read", "users:write"])
    grant, bob = await service.signed_in_user(), await service.verified_user(BOB)
    await service.set_role(grant.user, "support")
    key = await key_of(service, service.user(), "users:write")
    caller = await service.api_keys.authenticate(key.text.text)
    await service.accounts.suspend_user(
        principal=caller.principal, user_id=bob.id, reason="spam", origin=ORIGIN
    )
    await service.audit.chain()
    await service.erase_own_account(await service.sign_in())
    assert not await works(service, key)
    assert stored(service) == 0
    (row,) = service.audited("user.suspended")
    assert (row.actor.kind, row.actor.id) == ("user", str(grant.user.id))
    assert row.actor.key_id == str(key.shown.key.id)
    assert row.origin.ip_address is None
    assert (await service.audit.verify(principal=OPERATOR)).findings == []


async def test_a_revoked_key_is_told_once_and_is_gone() -> None:
    service = Service()
    key = await key_of(service, await service.verified_user())
    await revoke(service, key)
    assert not await works(service, key)
    assert kinds(service.audited("api_key.revoked")) == ["api_key.revoked"]
