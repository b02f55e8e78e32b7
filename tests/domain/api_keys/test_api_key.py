"""What an API key may be, how long it lives, and how much it gives."""

from collections.abc import Iterable
from datetime import timedelta

import pytest

from domain.api_keys.api_key import (
    MOST_PERMISSIONS,
    ApiKey,
    ApiKeyExpired,
    ApiKeyReplaced,
    kind_for,
)
from domain.api_keys.key_text import KeyKind, KeyText
from domain.assurance import Level
from domain.identifiers import ServiceAccountId, UserId
from domain.principal import ADMINISTRATOR, Authority, Guards, Permission, RoleName
from tests.domain.samples import DAY, HOUR, MINUTE, NOW, SECOND, TICK, entropy_from, refusal_of

ENTROPY = entropy_from("api keys")
USER, PROGRAM = UserId.new(NOW, ENTROPY), ServiceAccountId.new(NOW, ENTROPY)
REFUND, READ = Permission("orders:refund"), Permission("users:read")
SUPPORT, HIGH = RoleName("support"), RoleName("high")


def made(
    owner: UserId | ServiceAccountId = USER,
    *,
    name: str = "CI",
    permissions: Iterable[Permission] = (REFUND, READ),
    acr: Level = Level.AAL2,
    lifetime: timedelta | None = HOUR,
) -> tuple[ApiKey, KeyText]:
    """Return a new key and its text."""
    key, text, _ = ApiKey.create(
        owner=owner,
        name=name,
        permissions=permissions,
        acr=acr,
        lifetime=lifetime,
        created_by=USER,
        now=NOW,
        entropy=ENTROPY,
    )
    return key, text


def rotated(key: ApiKey, overlap: timedelta = timedelta(0)) -> ApiKey:
    """Return the key that takes the place of this one, made at a lower level."""
    successor, _, _ = key.rotate(
        longest=None,
        acr=Level.AAL1,
        overlap=overlap,
        created_by=None,
        now=NOW + MINUTE,
        entropy=ENTROPY,
    )
    return successor


@pytest.mark.parametrize(("owner", "kind"), [(USER, KeyKind.PERSONAL), (PROGRAM, KeyKind.SERVICE)])
def test_a_key_keeps_the_digest_and_the_hint_of_its_text_and_no_more(
    owner: UserId | ServiceAccountId, kind: KeyKind
) -> None:
    key, text = made(owner)
    assert (key.kind, text.kind, kind_for(owner)) == (kind, kind, kind)
    assert (key.digest, key.hint) == (text.digest, text.text[:8])
    assert text.text[8:] not in repr(key)
    assert [key.user_id, key.service_account_id] == [
        owner if owner is USER else None,
        owner if owner is PROGRAM else None,
    ]
    assert (key.created_at, key.expires_at, key.last_used_at) == (NOW, NOW + HOUR, None)


def test_its_creation_is_told_with_what_it_gives_and_without_its_text() -> None:
    """LG-1, LG-3."""
    key, text, created = ApiKey.create(
        owner=USER, name=" CI ", permissions=[READ, REFUND, READ], acr=Level.PHR, lifetime=None,
        created_by=USER, now=NOW, entropy=ENTROPY,
    )  # fmt: skip
    assert key.name == "CI"
    assert created.target == ("api_key", key.id)
    assert created.data() == {
        "api_key_id": str(key.id), "user_id": str(USER), "permissions": "orders:refund,users:read",
    }  # fmt: skip
    assert text.text not in repr(created)


@pytest.mark.parametrize("name", ["", "   ", "x" * 101, "a\nb", "a\x00"])
def test_a_name_has_to_be_one(name: str) -> None:
    key, _ = made()
    assert refusal_of(lambda: made(name=name))[0] == "name"
    assert refusal_of(lambda: key.rename(name))[0] == "name"
    assert key.name == "CI"


def test_there_is_an_end_to_permissions() -> None:
    most = [Permission(f"orders:a{number}") for number in range(MOST_PERMISSIONS + 1)]
    assert len(made(permissions=most[1:])[0].permissions) == MOST_PERMISSIONS
    assert refusal_of(lambda: made(permissions=most)) == ("permissions", "TOO_LONG")


def test_a_key_lives_until_its_end_and_not_at_it() -> None:
    key, _ = made()
    key.ensure_not_expired(NOW + HOUR - TICK)
    for now in (NOW + HOUR, NOW + DAY):
        assert key.has_expired(now)
        with pytest.raises(ApiKeyExpired):
            key.ensure_not_expired(now)
    for_good, _ = made(lifetime=None)
    assert for_good.expires_at is None
    for_good.ensure_not_expired(NOW + 10_000 * DAY)


def test_a_key_gives_what_its_owner_has_now_and_it_is_for() -> None:
    """Trap 4: the intersection; and no role, whose name would say more."""
    key, _ = made()
    audit = Permission("audit:read")
    given = key.authority(Authority(frozenset({SUPPORT}), frozenset({READ, audit})))
    assert (given.roles, given.permissions) == (frozenset(), frozenset({READ}))
    assert given.dormant == {}
    assert key.authority(Authority(frozenset(), frozenset())).permissions == frozenset()
    # An administrator has everything, and the key still what it is for.
    every = key.authority(Authority(frozenset({ADMINISTRATOR}), frozenset()))
    assert (every.roles, every.permissions) == (frozenset(), frozenset({REFUND, READ}))
    assert not every.may(audit)


@pytest.mark.parametrize(
    ("acr", "given"),
    [(Level.AAL1, {READ}), (Level.AAL2, {READ, REFUND}), (Level.PHR, {READ, REFUND})],
)
def test_a_key_wakes_no_role_that_its_maker_could_not(acr: Level, given: set[Permission]) -> None:
    """MF-2: neither a role of the product nor the built-in administrator."""
    key, _ = made(acr=acr)
    guards = Guards({HIGH: Level.AAL2}, {REFUND: Level.AAL2})
    owner = Authority(frozenset({SUPPORT, HIGH}), frozenset({READ, REFUND}), guards)
    assert key.authority(owner).permissions == given
    asleep = Authority(
        frozenset({ADMINISTRATOR}), frozenset(), Guards({ADMINISTRATOR: Level.PHR}, {})
    )
    awake = acr is Level.PHR
    assert key.authority(asleep).permissions == ({READ, REFUND} if awake else frozenset())
    assert key.assurance.acr is acr
    assert key.assurance.amr == ("key",)


@pytest.mark.parametrize(
    ("overlap", "lifetime", "ends"),
    [
        (timedelta(0), HOUR, MINUTE),
        (SECOND, HOUR, MINUTE + SECOND),
        (DAY, HOUR, HOUR),
        (DAY, None, MINUTE + DAY),
        (timedelta(0), None, MINUTE),
    ],
)
def test_a_rotated_key_lives_for_the_overlap_and_never_longer_than_before(
    overlap: timedelta, lifetime: timedelta | None, ends: timedelta
) -> None:
    key, _ = made(lifetime=lifetime)
    successor = rotated(key, overlap)
    assert (key.rotated_at, key.expires_at) == (NOW + MINUTE, NOW + ends)
    assert successor.lifetime == lifetime
    assert successor.expires_at == (None if lifetime is None else NOW + MINUTE + lifetime)


def test_the_successor_gives_the_same_to_another_text() -> None:
    """And is as sure of its maker as the one who rotated it, not as the first one (MF-2)."""
    key, text = made(PROGRAM)
    successor = rotated(key)
    assert (successor.owner, successor.name) == (PROGRAM, "CI")
    assert successor.permissions == key.permissions
    assert successor.digest != text.digest
    assert successor.id != key.id
    assert (successor.acr, successor.created_by) == (Level.AAL1, None)
    assert (successor.rotated_at, successor.last_used_at, successor.version) == (None, None, 0)


def test_a_rotation_is_told_once_with_both_keys() -> None:
    key, _ = made(PROGRAM)
    successor, _, event = key.rotate(
        longest=None, acr=Level.AAL1, overlap=MINUTE, created_by=None, now=NOW, entropy=ENTROPY
    )
    assert event.target == ("api_key", key.id)
    assert event.data() == {
        "api_key_id": str(key.id),
        "service_account_id": str(PROGRAM),
        "successor_id": str(successor.id),
        "overlap": "60",
    }


def test_a_key_is_rotated_once_and_not_after_its_end() -> None:
    key, _ = made(lifetime=None)
    rotated(key, DAY)
    with pytest.raises(ApiKeyReplaced):
        rotated(key, DAY)
    over, _ = made(lifetime=MINUTE)
    with pytest.raises(ApiKeyExpired):
        rotated(over)
    assert over.rotated_at is None


@pytest.mark.parametrize("overlap", [timedelta(seconds=-1), DAY + SECOND])
def test_an_overlap_out_of_range_changes_nothing(overlap: timedelta) -> None:
    key, _ = made()
    assert refusal_of(lambda: rotated(key, overlap)) == ("overlap", "OUT_OF_RANGE")
    assert (key.rotated_at, key.expires_at) == (None, NOW + HOUR)


def test_a_use_is_noted_once_a_minute() -> None:
    """Trap 5."""
    key, _ = made()
    assert key.use_is_to_be_noted(NOW)
    key.last_used_at = NOW
    assert not key.use_is_to_be_noted(NOW + MINUTE - TICK)
    assert key.use_is_to_be_noted(NOW + MINUTE)


def test_ends_are_told_with_whose_key_it_was() -> None:
    key, _ = made()
    assert key.revoked(now=NOW).data() == {"api_key_id": str(key.id), "user_id": str(USER)}
    assert key.leaked(found_at="a page", now=NOW).data()["found_at"] == "a page"
    assert "found_at" not in key.leaked(found_at=None, now=NOW).data()
