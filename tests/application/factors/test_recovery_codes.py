"""Recovery codes: each good once, new ones make the older void (MF-1)."""

import asyncio

import pytest

from application.factors.proofs import Proof, ProofKind
from domain.factors.factor import FactorNotFound, InvalidProof, RecoveryCodes
from tests.application.factors.test_totp import enrolled, level_of
from tests.application.stories import ORIGIN, Service, kinds, principal_of


def proof_of(code: str) -> Proof:
    """Return the code as a proof."""
    return Proof(ProofKind.RECOVERY_CODE, code)


async def test_a_code_stands_in_for_the_app_once() -> None:
    service = Service()
    _, codes = await enrolled(service)
    grant = await service.sign_in(proof=proof_of(codes[3]))
    assert level_of(grant) == ("aal2", "pwd rc mfa")
    with pytest.raises(InvalidProof):
        await service.sign_in(proof=proof_of(codes[3]))
    (_, listed) = await service.factors.list(principal=principal_of(grant))
    assert isinstance(listed.factor, RecoveryCodes)
    assert len(listed.factor.tags) == 9
    assert "recovery_code.used" in kinds(service.audited())


@pytest.mark.parametrize(
    "typed",
    [str.upper, lambda code: code.replace("-", ""), lambda code: f" {code} ",
     lambda code: code.replace("-", " "), lambda code: code.replace("1", "l").replace("0", "O")],
    ids=["capitals", "no hyphen", "spaces around", "a space", "look-alikes"],
)  # fmt: skip
async def test_a_code_may_be_typed_as_people_do(typed: object) -> None:
    service = Service()
    _, codes = await enrolled(service)
    assert callable(typed)
    await service.sign_in(proof=proof_of(typed(codes[0])))


async def test_a_code_that_is_cut_longer_or_of_other_letters_is_wrong() -> None:
    """TK-2"""
    service = Service(attempts=0)
    _, codes = await enrolled(service)
    code = codes[0]
    wide = code.replace(code[0], chr(ord(code[0]) + 0xFEE0), 1)
    for wrong in (code[:-1], code + "0", wide, "", "-", code[1:] + code[0] + "x"):
        with pytest.raises(InvalidProof):
            await service.sign_in(proof=proof_of(wrong))
    await service.sign_in(proof=proof_of(code))


async def test_of_twenty_at_once_with_one_code_one_gets_in() -> None:
    """MF-1"""
    service = Service(attempts=0)
    _, codes = await enrolled(service)
    challenges = [(await service.challenged()).token for _ in range(20)]

    async def get_in(challenge: str) -> bool:
        try:
            await service.complete(challenge, proof_of(codes[0]))
        except InvalidProof:
            return False
        return True

    assert sum(await asyncio.gather(*map(get_in, challenges))) == 1


async def test_new_codes_make_the_older_ones_void() -> None:
    service = Service()
    app, codes = await enrolled(service)
    grant = await service.sign_in(proof=app.proof())
    fresh = await service.factors.renew_recovery_codes(principal=principal_of(grant), origin=ORIGIN)
    assert len({*codes, *fresh}) == 20
    with pytest.raises(InvalidProof):
        await service.sign_in(proof=proof_of(codes[0]))
    await service.sign_in(proof=proof_of(fresh[0]))
    assert len(await service.factors.list(principal=principal_of(grant))) == 2


async def test_without_a_second_factor_there_is_nothing_to_recover() -> None:
    service = Service()
    grant = await service.signed_in_user()
    with pytest.raises(FactorNotFound):
        await service.factors.renew_recovery_codes(principal=principal_of(grant), origin=ORIGIN)


async def test_codes_alone_complete_no_sign_in_when_all_are_used() -> None:
    service = Service(attempts=0)
    _, codes = await enrolled(service)
    for code in codes:
        await service.sign_in(proof=proof_of(code))
    assert list((await service.challenged()).methods) == ["totp"]
