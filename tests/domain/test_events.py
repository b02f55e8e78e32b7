"""Events and the audit rows made of them (LG-1, LG-3)."""

import dataclasses
import inspect
from importlib import import_module
from pkgutil import walk_packages

import pytest

import domain
from domain.audit.event import AuditEvent, Party
from domain.credentials.events import UserLocked
from domain.errors import (
    Conflict,
    DomainError,
    Forbidden,
    InvalidInput,
    InvalidSecret,
    LimitExceeded,
    NotAuthenticated,
    NotFound,
    PreconditionFailed,
    Unavailable,
    ValidationFailed,
)
from domain.events import DomainEvent
from domain.identifiers import SessionId, UserId
from domain.origin import NOWHERE, Origin
from domain.principal import ANONYMOUS, OPERATOR, Principal, PrincipalKind
from domain.sessions.events import SessionEnded, SessionRefused, SessionsEnded
from domain.users.events import RoleGranted
from tests.domain.samples import NOW, entropy_from

ENTROPY = entropy_from("events")
USER = UserId.new(NOW, ENTROPY)
SESSION = SessionId.new(NOW, ENTROPY)

# What an audit event may be called: append-only. A name may be added to both, and never taken away.
VOCABULARY = (
    "api_key.created", "api_key.leaked", "api_key.revoked", "api_key.rotated",
    "attempts.limited", "authorization.denied", "device.forgotten", "device.trusted",
    "email.change_requested", "email.changed",
    "factor.enrolled", "factor.locked", "factor.refused", "factor.removed", "factor.reset",
    "passkey.counter_regressed",
    "password.changed", "password.reset", "password.reset_requested",
    "recovery_code.used", "recovery_codes.generated", "role.changed",
    "role.defined", "role.granted", "role.removed", "role.revoked", "secret_key.changed",
    "service_account.changed", "service_account.created", "service_account.reinstated",
    "service_account.removed", "service_account.suspended",
    "session.ended",
    "session.refreshed", "session.refused", "session.replayed", "session.reused",
    "session.started", "session.stepped_up", "sign_in_code.requested",
    "signing_key.promoted", "signing_key.published", "signing_key.retired",
    "signing_key.revoked", "user.email_verified", "user.erased", "user.exported",
    "user.invitation_accepted", "user.invitation_withdrawn", "user.invited",
    "user.locked", "user.profile_changed", "user.registered", "user.reinstated",
    "user.suspended", "user.unlocked",
)  # fmt: skip
FIRST_RELEASE = (
    "attempts.limited",
    "email.changed",
    "password.reset",
    "password.reset_requested",
    "role.granted",
    "session.ended",
    "session.refreshed",
    "session.refused",
    "session.replayed",
    "session.reused",
    "session.started",
    "signing_key.published",
    "signing_key.revoked",
    "user.email_verified",
    "user.erased",
    "user.profile_changed",
    "user.registered",
    "user.reinstated",
    "user.suspended",
)


def concrete_events() -> list[type[DomainEvent]]:
    """Return every event of every capability that has a name of its own."""
    modules = [import_module(each.name) for each in walk_packages(domain.__path__, "domain.")]
    return [
        cls
        for module in modules
        for _, cls in inspect.getmembers(module, inspect.isclass)
        if cls.__module__ == module.__name__
        and issubclass(cls, DomainEvent)
        and "name" in vars(cls)
    ]


def test_the_names_are_an_append_only_snapshot() -> None:
    """LG-3: clients filter by these words; they are part of the contract, and none ever goes."""
    names = {cls.name for cls in concrete_events()}
    assert names >= set(FIRST_RELEASE)
    assert names <= set(VOCABULARY)
    assert list(VOCABULARY) == sorted(set(VOCABULARY))


def test_a_name_is_shared_where_the_same_thing_happens_to_another_kind_of_account() -> None:
    """LG-3: a name stands for one kind of thing: sessions end, roles are given and taken."""
    names = [cls.name for cls in concrete_events()]
    shared = {"role.granted", "role.revoked", "session.ended"}
    assert {name for name in names if names.count(name) > 1} == shared


@pytest.mark.parametrize("event", concrete_events(), ids=lambda cls: cls.__name__)
def test_events_are_frozen_and_hold_no_secret_and_no_address(event: type[DomainEvent]) -> None:
    """LG-1: what an event may hold is on a short list."""
    parameters = vars(event)["__dataclass_params__"]
    assert parameters.frozen
    assert {field.name for field in dataclasses.fields(event)} <= {
        "occurred_at", "user_id", "session_id", "because", "role", "kid", "count", "acr", "amr",
        "invitation_id", "roles", "permissions", "missing",
        "factor_id", "kind", "method", "remaining", "required_acr", "device_id",
        "api_key_id", "service_account_id", "successor_id", "overlap", "found_at",
    }  # fmt: skip


def test_only_refusals_are_failures() -> None:
    """All other events are successes."""
    failures = {cls.name for cls in concrete_events() if cls.outcome == "failure"}
    assert failures == {
        "attempts.limited", "authorization.denied", "factor.locked", "factor.refused",
        "passkey.counter_regressed", "session.refused", "session.reused", "user.locked",
    }  # fmt: skip


def test_a_row_says_who_what_when_from_where_and_how_it_ended() -> None:
    """LG-3: all of it, as text that outlives the user."""
    actor = Principal(kind=PrincipalKind.USER, user_id=USER, session_id=SESSION)
    origin = Origin(ip_address="192.0.2.1", user_agent="curl/8", request_id="r-1")
    event = SessionEnded(session_id=SESSION, user_id=USER, because="SIGNED_OUT", occurred_at=NOW)
    row = AuditEvent.of(event, actor=actor, origin=origin, entropy=ENTROPY)
    assert (row.type, row.outcome, row.reason) == ("session.ended", "success", "SIGNED_OUT")
    assert (row.actor, row.target) == (Party("user", str(USER)), Party("session", str(SESSION)))
    assert (row.occurred_at, row.origin) == (NOW, origin)
    everywhere = SessionsEnded(user_id=USER, because="PASSWORD_CHANGED", count=2, occurred_at=NOW)
    assert (everywhere.reason, everywhere.target) == ("PASSWORD_CHANGED", ("user", USER))
    assert everywhere.data()["count"] == "2"
    assert row.data == {
        "session_id": str(SESSION),
        "user_id": str(USER),
        "because": "SIGNED_OUT",
    }


def test_a_row_about_an_unknown_address_has_no_target() -> None:
    """EN-1: a refused sign-in at an unknown address leaves a row as well."""
    event = SessionRefused(because="INVALID_CREDENTIALS", occurred_at=NOW)
    row = AuditEvent.of(event, actor=ANONYMOUS, origin=NOWHERE, entropy=ENTROPY)
    assert (row.actor, row.target) == (Party("anonymous", None), None)
    assert (row.outcome, row.data) == ("failure", {"because": "INVALID_CREDENTIALS"})


def test_a_row_about_a_user_names_the_user() -> None:
    """LG-3: granting a role is an administrator's change."""
    event = RoleGranted(user_id=USER, role="administrator", occurred_at=NOW)
    row = AuditEvent.of(event, actor=OPERATOR, origin=NOWHERE, entropy=ENTROPY)
    assert (row.actor, row.target) == (Party("operator", None), Party("user", str(USER)))
    assert row.data["role"] == "administrator"
    assert row.reason is None
    locked = UserLocked(user_id=USER, occurred_at=NOW)
    assert locked.target == ("user", USER)


def test_each_row_has_an_identifier_of_its_own() -> None:
    """LG-3: rows sort by time and are never mistaken for one another."""
    event = SessionRefused(because="X", occurred_at=NOW)
    rows = [
        AuditEvent.of(event, actor=ANONYMOUS, origin=NOWHERE, entropy=ENTROPY) for _ in range(10)
    ]
    assert len({row.id for row in rows}) == 10


def test_errors_are_of_the_kinds_that_entrypoints_know() -> None:
    """Every concrete error has a stable code and words of its own, under one kind."""
    kinds = {
        InvalidSecret, NotAuthenticated, Forbidden, NotFound, Conflict, PreconditionFailed,
        InvalidInput, LimitExceeded, Unavailable,
    }  # fmt: skip
    assert set(DomainError.__subclasses__()) >= kinds
    refusal = ValidationFailed.of("email", "INVALID_EMAIL", "No.")
    assert isinstance(refusal, InvalidInput)
    assert str(refusal) == ValidationFailed.message
    assert refusal.retry_after is None
