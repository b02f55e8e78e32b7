"""Taking all factors of an account away: an administrator, and the owner by mail (MF-2, HD-7)."""

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import replace
from datetime import timedelta

import pytest

from adapters.memory.factors.factors import FACTORS
from application.factors.proofs import Proof, ProofKind
from application.sessions.token_grants import TokenGrant
from domain.assurance import StepUpRequired
from domain.credentials.one_time_token import InvalidToken, Purpose
from domain.errors import TooManyRequests, ValidationFailed
from domain.factors.challenge import InvalidChallenge
from domain.factors.factor import FactorKind, InvalidProof
from domain.identifiers import UserId
from domain.mail.message import MessageStatus
from domain.principal import (
    ADMINISTRATOR,
    OPERATOR,
    Permission,
    PermissionDenied,
    Principal,
)
from domain.sessions.session import EndReason, SessionIsOver
from domain.users.user import UserNotFound
from tests.application.service import DAY, MINUTE, SECOND
from tests.application.stories import (
    ADA,
    ORIGIN,
    OTHER_PASSWORD,
    PASSWORD,
    AuthenticatorApp,
    Service,
    kinds,
    principal_of,
    with_permissions,
)

STEP = timedelta(seconds=30)
BOB = "bob@example.com"


async def with_a_factor(service: Service) -> tuple[TokenGrant, AuthenticatorApp, list[str]]:
    """Return Ada's session of both factors, her app, and her recovery codes."""
    app, codes = await service.enrol_totp(await service.signed_in_user())
    service.clock.advance(STEP)
    grant = await service.sign_in(proof=app.proof())
    service.clock.advance(STEP)
    return grant, app, list(codes)


async def reset(
    service: Service, principal: Principal = OPERATOR, reason: str = "Lost the phone."
) -> None:
    """Take Ada's factors away."""
    await service.factors.reset(
        principal=principal, user_id=service.user().id, reason=reason, origin=ORIGIN
    )


async def undo_link(service: Service, to: str = ADA) -> str:
    """Return the secret of the newest mail about a first factor."""
    (*_, token) = [
        mail.token for mail in await service.mails(to) if mail.link and "/undo-factor?" in mail.link
    ]
    assert token is not None
    return token


async def undo(service: Service, token: str) -> None:
    """Spend the secret."""
    await service.factors.undo_first(token=token, origin=ORIGIN)


async def is_over(service: Service, grant: TokenGrant) -> str:
    """Return why the grant's session is over."""
    with pytest.raises(SessionIsOver) as over:
        await service.authenticate(grant)
    return over.value.details[0].code


def left(service: Service) -> list[FactorKind]:
    """Return what kinds of factors there are in the store."""
    return [factor.kind for factor in service.store.committed(FACTORS).rows.values()]


# --- an administrator -------------------------------------------------------------------------


async def test_after_a_reset_the_password_alone_opens_the_account() -> None:
    service = Service()
    grant, _, codes = await with_a_factor(service)
    challenge = await service.challenged()
    await reset(service)
    assert left(service) == []
    assert not service.user().has_second_factor
    assert await is_over(service, grant) == EndReason.FACTORS_RESET.value
    with pytest.raises(InvalidChallenge):
        await service.complete(challenge.token, Proof(ProofKind.RECOVERY_CODE, codes[0]))
    assert (await service.sign_in()).session.assurance.acr.value == "aal1"
    assert (await service.subjects())[-1] == "Your second factors were taken away"
    (row,) = service.audited("factor.reset")
    assert (row.reason, row.data["reason"]) == ("Lost the phone.", "Lost the phone.")
    assert row.actor.kind == "operator"
    assert service.audited("session.ended")[-1].reason == EndReason.FACTORS_RESET.value


async def test_a_reset_ends_the_lock_and_the_undo_link() -> None:
    service = Service(attempts=2)
    _, app, _ = await with_a_factor(service)
    link, challenge = await undo_link(service), await service.challenged()
    for _ in range(2):
        with pytest.raises(InvalidProof):
            await service.complete(challenge.token, Proof(ProofKind.TOTP, "000000"))
    with pytest.raises(TooManyRequests):
        await service.complete(challenge.token, app.proof())
    await reset(service)
    with pytest.raises(InvalidToken):
        await undo(service, link)
    _, codes = await service.enrol_totp(await service.sign_in())
    grant = await service.sign_in(proof=Proof(ProofKind.RECOVERY_CODE, codes[0]))
    assert grant.session.assurance.acr.value == "aal2"


async def test_an_account_without_factors_is_not_changed() -> None:
    service = Service()
    grant = await service.signed_in_user()
    async with service.unchanged():
        await reset(service)
    await service.authenticate(grant)


async def test_a_long_reason_is_kept_whole() -> None:
    service = Service()
    await with_a_factor(service)
    reason = "She called back.\n" + "x" * 483
    await reset(service, reason=f"  {reason}  ")
    (row,) = service.audited("factor.reset")
    assert row.data["reason"] == reason
    assert row.reason is not None
    assert (len(row.reason), row.reason[:18]) == (64, "She called back. x")


@pytest.mark.parametrize("reason", ["", "   ", "x" * 501])
async def test_a_reason_has_one_to_five_hundred_characters(reason: str) -> None:
    service = Service()
    await with_a_factor(service)
    async with service.unchanged():
        with pytest.raises(ValidationFailed):
            await reset(service, reason=reason)


async def test_it_takes_the_permission_and_a_recent_proof() -> None:
    """HD-6: and with a factor of one's own, that factor."""
    service = Service()
    await with_a_factor(service)
    support = await service.signed_in_user(BOB)
    without, holding = (
        principal_of(support),
        replace(principal_of(support), permissions=frozenset({Permission("factors:reset")})),
    )
    async with service.unchanged():
        with pytest.raises(PermissionDenied):
            await reset(service, without)
        with pytest.raises(StepUpRequired) as wanted:
            await reset(service, replace(holding, has_second_factor=True))
        assert wanted.value.members == {"step_up": {"acr": "aal2", "max_age": 300}}
        with pytest.raises(StepUpRequired):
            await reset(service, with_permissions("factors:reset"))  # of no session
        service.clock.advance(5 * MINUTE + SECOND)
        with pytest.raises(StepUpRequired):
            await reset(service, holding)
    fresh = await service.sign_in(BOB)
    await reset(service, replace(holding, assurance=fresh.session.assurance))
    (row,) = service.audited("factor.reset")
    assert row.actor.id == str(fresh.user.id)


async def test_no_one_resets_their_own() -> None:
    """Else a stolen session would be rid of the factor that it lacks."""
    service = Service()
    grant, _, _ = await with_a_factor(service)
    own = replace(principal_of(grant), roles=frozenset({ADMINISTRATOR}))
    async with service.unchanged():
        with pytest.raises(PermissionDenied):
            await reset(service, own)


async def test_no_one_resets_who_may_more() -> None:
    """AZ-3: the way to what one lacks would lead through that account."""
    service = Service()
    await with_a_factor(service)
    await service.define_role("refunds", ["orders:refund"])
    await service.set_role(service.user(), "refunds")
    support = await service.signed_in_user(BOB)

    def holding(*names: str) -> Principal:
        return replace(
            principal_of(support), permissions=frozenset(Permission(name) for name in names)
        )

    async with service.unchanged():
        with pytest.raises(PermissionDenied):
            await reset(service, holding("factors:reset", "users:read"))
    await service.operator_makes(OPERATOR, "root@example.com", roles=["administrator"])
    await service.set_role(service.user(), "administrator")
    async with service.unchanged():
        with pytest.raises(PermissionDenied):
            await reset(service, holding("factors:reset", "orders:refund"))
    await service.set_role(service.user(), "administrator", held=False)
    await reset(service, holding("factors:reset", "orders:refund"))
    assert left(service) == []


async def test_who_is_not_there_is_not_found() -> None:
    service = Service()
    with pytest.raises(UserNotFound):
        await service.factors.reset(
            principal=OPERATOR,
            user_id=UserId.parse("019aa5c2-7f3e-7c41-9b0a-2f6d1e8c4b5a"),
            reason="x",
            origin=ORIGIN,
        )


# --- the owner, by mail -----------------------------------------------------------------------


async def test_the_first_factor_is_undone_by_mail() -> None:
    """The factor goes, all sessions end, and a mail to set a new password follows."""
    service = Service()
    thief = await service.signed_in_user()
    await service.enrol_totp(thief)
    token = await undo_link(service)
    await undo(service, token)
    assert left(service) == []
    assert await is_over(service, thief) == EndReason.FACTORS_RESET.value
    assert sorted((await service.subjects())[-2:]) == [
        "A way to sign in was removed",
        "Set a new password",
    ]
    await service.reset_password(await service.mailed_token())
    assert (await service.sign_in(password=OTHER_PASSWORD)).user.id == thief.user.id
    written = kinds(service.audited())
    assert written.count("factor.removed") == 2
    assert "password.reset_requested" in written
    with pytest.raises(InvalidToken):
        await undo(service, token)


async def test_what_was_added_after_it_goes_too() -> None:
    """Else a second factor of the same hand would lock the owner out; also if the first is gone."""
    service = Service()
    grant, _, _ = await with_a_factor(service)
    await service.enrol_passkey(grant)
    listed = await service.factors.list(principal=principal_of(grant))
    await service.factors.remove(
        principal=principal_of(grant), factor_id=listed[0].factor.id, origin=ORIGIN
    )
    assert sorted(left(service)) == ["passkey", "recovery_codes"]
    await undo(service, await undo_link(service))
    assert left(service) == []
    assert await is_over(service, grant) == EndReason.FACTORS_RESET.value


async def change_password(service: Service, grant: TokenGrant) -> None:
    await service.change_password(grant)


async def reset_password(service: Service, _: TokenGrant) -> None:
    await service.reset_password(await service.forgotten_password())


@pytest.mark.parametrize("happening", [change_password, reset_password])
async def test_the_link_outlives_a_new_password(
    happening: Callable[[Service, TokenGrant], Awaitable[None]],
) -> None:
    """Who has stolen the old one would only have to change it."""
    service = Service()
    grant, _, _ = await with_a_factor(service)
    token = await undo_link(service)
    await happening(service, grant)
    await undo(service, token)
    assert left(service) == []
    assert (await service.sign_in(password=OTHER_PASSWORD)).session.assurance.acr.value == "aal1"


async def test_nothing_else_that_was_mailed_survives_it() -> None:
    """A move to the thief's mailbox, above all."""
    service = Service()
    grant, _, _ = await with_a_factor(service)
    await service.ask_to_move(grant, "thief@example.com", PASSWORD)
    move = await service.mailed_token("thief@example.com")
    await undo(service, await undo_link(service))
    assert service.purposes() == {Purpose.PASSWORD_RESET}
    with pytest.raises(InvalidToken):
        await service.confirm_move(move)


async def test_the_link_is_good_for_seven_days() -> None:
    service = Service()
    await with_a_factor(service)
    token = await undo_link(service)
    service.clock.advance(7 * DAY - MINUTE)
    async with service.unchanged():
        service.clock.advance(MINUTE)
        with pytest.raises(InvalidToken):
            await undo(service, token)
    assert left(service) != []


async def test_a_link_is_mailed_with_the_first_factor_only_and_the_newest_counts() -> None:
    service = Service()
    grant = await service.signed_in_user()
    app, _ = await service.enrol_totp(grant)
    older = await undo_link(service)
    service.clock.advance(STEP)
    grant = await service.sign_in(proof=app.proof())
    listed = await service.factors.list(principal=principal_of(grant))
    await service.factors.remove(
        principal=principal_of(grant), factor_id=listed[0].factor.id, origin=ORIGIN
    )
    # Its owner has taken it away: there is nothing to undo, and later factors are another story.
    assert service.purposes() == set()
    await service.enrol_totp(await service.sign_in())
    with pytest.raises(InvalidToken):
        await undo(service, older)
    await undo(service, await undo_link(service))
    assert left(service) == []


async def test_of_two_at_once_one_undoes_it() -> None:
    """AT-4: and the mail goes out once."""
    service = Service()
    await with_a_factor(service)
    token = await undo_link(service)
    outcomes = await asyncio.gather(
        *(undo(service, token) for _ in range(5)), return_exceptions=True
    )
    assert sorted(type(each).__name__ for each in outcomes) == [*["InvalidToken"] * 4, "NoneType"]
    assert (await service.subjects()).count("Set a new password") == 1


async def test_the_link_is_worth_nothing_elsewhere_and_nothing_else_is_worth_it() -> None:
    """AT-4, AT-5: bound to its purpose, and to the account that may still sign in."""
    service = Service()
    await with_a_factor(service)
    token, other = await undo_link(service), await service.forgotten_password()
    for wrong in (other, "", "dwm_", token[:-1], token + "=", token.upper()):
        with pytest.raises(InvalidToken):
            await undo(service, wrong)
    with pytest.raises(InvalidToken):
        await service.reset_password(token)
    with pytest.raises(InvalidToken):
        await service.confirm(token)
    await service.suspend()
    with pytest.raises(InvalidToken):
        await undo(service, token)
    assert left(service) != []


async def test_it_is_bound_to_the_address() -> None:
    """AT-4: after a move, the old mailbox decides no more."""
    service = Service()
    grant, _, _ = await with_a_factor(service)
    token = await undo_link(service)
    await service.ask_to_move(grant, "lovelace@example.com", PASSWORD)
    await service.confirm_move(await service.mailed_token("lovelace@example.com"))
    with pytest.raises(InvalidToken):
        await undo(service, token)
    assert left(service) != []


async def test_a_link_that_is_worth_nothing_any_more_is_not_mailed() -> None:
    """OB-3: the factor is gone before the worker comes."""
    service = Service()
    await service.deliver()
    await service.enrol_totp(await service.signed_in_user())
    await reset(service)
    service.clock.advance(2 * MINUTE)
    assert "Signing in now takes a second factor" not in await service.subjects()
    assert len(service.queue(MessageStatus.EXPIRED)) == 1
