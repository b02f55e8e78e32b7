"""A key that was found where it should not be."""

import asyncio
from typing import Any

import pytest

from adapters.memory.api_keys.keys import MemoryApiKeyRepository
from application.api_keys.making import NewKey
from domain.api_keys.key_text import ApiKeyInvalid, KeyKind, KeyText
from domain.principal import ADMINISTRATOR
from tests.application.api_keys.holders import key_of, no_store, program, revoke, user_with
from tests.application.doubles import overtake
from tests.application.stories import ADA, ORIGIN, Service

ROOT = "root@example.com"
PLACE = "https://github.com/acme/shop/blob/3d4a5c1f0b9e8d7c6b5a493827160f5e4d3c2b1a/.env"


async def report(service: Service, key: object, found_at: str | None = None) -> bool:
    """Show the key."""
    return await service.api_keys.report_leak(key=str(key), found_at=found_at, origin=ORIGIN)


async def administrator(service: Service, email: str = ROOT) -> None:
    user = await service.verified_user(email)
    await service.set_role(user, ADMINISTRATOR)


def data_of(service: Service) -> dict[str, Any]:
    (row,) = service.audited("api_key.leaked")
    return dict(row.data)


async def refused(service: Service, key: NewKey) -> None:
    with pytest.raises(ApiKeyInvalid):
        await service.api_keys.authenticate(str(key.text))


async def test_a_live_key_is_revoked_and_those_whom_it_concerns_are_told() -> None:
    """HD-7: the owner, and each administrator who is active, once."""
    service = Service()
    user = await user_with(service, "orders:read")
    for email in (ROOT, "gone@example.com"):
        await administrator(service, email)
    await service.suspend("gone@example.com")
    key = await key_of(service, user, "orders:read")
    assert await report(service, key.text, PLACE)
    await refused(service, key)
    (row,) = service.audited("api_key.leaked")
    assert row.target is not None
    assert (row.actor.kind, row.target.id) == ("anonymous", str(key.shown.key.id))
    assert row.data["found_at"] == PLACE
    (mail,) = [each for each in await service.mails() if "was revoked" in each.subject]
    assert key.shown.key.hint in mail.text
    (other,) = [each for each in await service.mails(ROOT) if "was revoked" in each.subject]
    assert f"user {user.id}" in other.text
    assert all("was revoked" not in each for each in await service.subjects("gone@example.com"))
    assert not await report(service, key.text)
    assert len([each for each in await service.mails() if "was revoked" in each.subject]) == 1


async def test_an_administrator_whose_own_key_it_is_gets_one_mail() -> None:
    service = Service()
    user = await user_with(service)
    await service.set_role(user, ADMINISTRATOR)
    key = await key_of(service, user, "users:read")
    before = len(await service.mails())
    assert await report(service, key.text)
    assert len(await service.mails()) == before + 1


async def test_who_reports_one_own_key_after_the_other_fills_no_mailbox() -> None:
    """RL-2: all are revoked and stand in the trail; of ten there are mails, and of others' too."""
    service = Service()
    await administrator(service)
    user = await user_with(service, "orders:read")
    _, other = await program(service, "tokens:introspect")
    for _ in range(12):
        key = await key_of(service, user, "orders:read")
        assert await report(service, key.text)
        await refused(service, key)
    assert await report(service, other.text)
    assert len(service.audited("api_key.leaked")) == 13
    told = [each for each in await service.subjects(ROOT) if "was revoked" in each]
    assert len(told) == 11


async def test_a_program_has_no_mailbox() -> None:
    service = Service()
    await administrator(service)
    account, key = await program(service, "orders:read")
    assert await report(service, key.text)
    await refused(service, key)
    (mail,) = [each for each in await service.mails(ROOT) if "was revoked" in each.subject]
    assert f"service account {account.id}" in mail.text


async def test_a_key_that_sleeps_with_its_owner_does_not_wake_with_them() -> None:
    service = Service()
    user = await user_with(service, "orders:read")
    key = await key_of(service, user, "orders:read")
    await service.operator_suspends(user)
    assert await report(service, key.text)
    await service.operator_reinstates(user)
    await refused(service, key)


@pytest.mark.parametrize("written", ["{}\n", " {}", "\t{}\r\n", "\ufeff{}"])
async def test_white_space_around_a_key_that_was_copied_saves_nobody(written: str) -> None:
    """The answer is 202 in any case: the reporter would believe that the key is revoked."""
    service = Service()
    key = await key_of(service, await user_with(service, "orders:read"), "orders:read")
    assert await report(service, written.format(key.text))
    await refused(service, key)


async def test_anything_else_changes_nothing() -> None:
    """Garbage, a wrong checksum, a key that never was, one that was revoked or has expired."""
    service = Service()
    user = await user_with(service, "orders:read")
    revoked = await key_of(service, user, "orders:read")
    await revoke(service, revoked)
    expired = await key_of(service, user, "orders:read", expires_in=1)
    await service.deliver()
    service.clock.advance(service.policies.keys.access_ttl)
    unknown = KeyText.new(KeyKind.PERSONAL, service.ports.randomness.token_bytes)
    wrong = str(revoked.text)[:-6] + "000000"
    async with service.unchanged():
        for text in ("", "dwk_", "x" * 100_000, wrong, unknown, revoked.text, expired.text):
            assert not await report(service, text, "here")


async def test_a_wrong_checksum_costs_no_look_at_the_store(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    service = Service()
    _, key = await program(service, "orders:read")
    no_store(monkeypatch)
    wrong = str(key.text)[:-6] + "000000"
    assert not await report(service, wrong, "here")


async def test_of_two_reports_at_once_one_is_told_of() -> None:
    service = Service()
    await administrator(service)
    _, key = await program(service, "orders:read")
    found = await asyncio.gather(*(report(service, key.text) for _ in range(2)))
    assert sorted(found) == [False, True]
    assert len([each for each in await service.mails(ROOT) if "was revoked" in each.subject]) == 1


async def test_a_key_that_goes_meanwhile_is_gone(monkeypatch: pytest.MonkeyPatch) -> None:
    service = Service()
    _, key = await program(service, "orders:read")

    async def meanwhile() -> None:
        await revoke(service, key)

    overtake(monkeypatch, MemoryApiKeyRepository, "find", meanwhile)
    assert not await report(service, key.text)
    assert not service.audited("api_key.leaked")


@pytest.mark.parametrize(
    "words",
    [
        "see {key} there",
        "{key}",
        "https://paste.example.com/?q={key}&x=1",
        "{spread}",
        "{secret}",
        "a\n{key}\nb",
    ],
)
async def test_the_key_itself_stands_nowhere(words: str) -> None:
    """LG-1: neither in the trail, nor in a mail, nor in what waits to be mailed."""
    service = Service()
    user = await user_with(service, "orders:read")
    await administrator(service)
    key = await key_of(service, user, "orders:read")
    text = str(key.text)
    spread = " ".join(text)
    said = words.format(key=text, spread=spread, secret=text[4:30])
    assert await report(service, text, said)
    found = data_of(service).get("found_at")
    assert found is None or text[4:16] not in found.replace(" ", "")
    held = repr([vars_of(entry) for entry in service.queue()])
    assert "[key]" not in held
    for mails in (await service.mails(ADA), await service.mails(ROOT)):
        assert all(text[8:20] not in mail.text + mail.html for mail in mails)
    assert text[8:20] not in held + repr(data_of(service))


def vars_of(entry: Any) -> dict[str, Any]:
    return {name: getattr(entry.message, name) for name in entry.message.__slots__}


async def test_a_strangers_words_reach_the_trail_alone() -> None:
    """Bounded and printable there; a mail with them would be phishing in our name."""
    service = Service()
    user = await user_with(service, "orders:read")
    key = await key_of(service, user, "orders:read")
    said = "Call \x1b[31m+1 555 0100\r\nnow\u2028 " + "x" * 5_000
    assert await report(service, key.text, said)
    found = data_of(service)["found_at"]
    assert found.startswith("Call [31m+1 555 0100now")
    assert len(found) <= 200
    assert found.isprintable()
    assert all("555" not in mail.text + mail.subject for mail in await service.mails())
