"""Words that others store: they are added, and never changed or taken away."""

import re
from collections import defaultdict
from collections.abc import Iterator

from domain import events
from domain.access import ADMINISTRATOR, BUILT_IN_ROLES, PERMISSIONS, USER, Permission
from domain.events import DomainEvent

PERMISSION_SNAPSHOT = (
    "audit:read",
    "authorization:check",
    "keys:manage",
    "roles:grant",
    "roles:read",
    "roles:write",
    "sessions:read",
    "sessions:revoke",
    "users:delete",
    "users:invite",
    "users:read",
    "users:write",
)

EVENT_VOCABULARY = frozenset(
    {
        "attempts.limited",
        "authorization.denied",
        "email.change_requested",
        "email.changed",
        "password.changed",
        "password.reset",
        "password.reset_requested",
        "role.changed",
        "role.defined",
        "role.granted",
        "role.removed",
        "role.revoked",
        "session.ended",
        "session.refreshed",
        "session.refused",
        "session.replayed",
        "session.reused",
        "session.started",
        "signing_key.promoted",
        "signing_key.published",
        "signing_key.retired",
        "signing_key.revoked",
        "user.email_verified",
        "user.erased",
        "user.exported",
        "user.invitation_accepted",
        "user.invitation_withdrawn",
        "user.invited",
        "user.locked",
        "user.profile_changed",
        "user.registered",
        "user.reinstated",
        "user.suspended",
        "user.unlocked",
    }
)
"""Every ``type`` of an audit event that the contract knows."""

EVENT_SNAPSHOT = frozenset(
    {
        "attempts.limited",
        "authorization.denied",
        "email.change_requested",
        "email.changed",
        "password.changed",
        "password.reset",
        "password.reset_requested",
        "role.changed",
        "role.defined",
        "role.granted",
        "role.removed",
        "role.revoked",
        "session.ended",
        "session.refreshed",
        "session.refused",
        "session.replayed",
        "session.reused",
        "session.started",
        "signing_key.promoted",
        "signing_key.published",
        "signing_key.retired",
        "signing_key.revoked",
        "user.email_verified",
        "user.erased",
        "user.exported",
        "user.invitation_accepted",
        "user.invitation_withdrawn",
        "user.invited",
        "user.locked",
        "user.profile_changed",
        "user.registered",
        "user.reinstated",
        "user.suspended",
        "user.unlocked",
    }
)
"""Those that the code can write; it never unlearns one, since audit rows hold it for ever."""

SHARED_NAMES = {"session.ended": {"SessionEnded", "SessionsEnded"}}
"""One session or several at once: the same thing happened, and readers need one word for it."""


def named_events(kind: type[DomainEvent] = DomainEvent) -> Iterator[type[DomainEvent]]:
    """Yield every event of ours that has a name of its own."""
    for child in kind.__subclasses__():
        if child.__module__ == events.__name__ and "name" in vars(child):
            yield child
        yield from named_events(child)


def test_permissions_are_a_snapshot() -> None:
    """Alphabetical and append-only: products store these words in their own code."""
    assert PERMISSION_SNAPSHOT == PERMISSIONS
    assert list(PERMISSIONS) == sorted(set(PERMISSIONS))


def test_permissions_follow_their_grammar() -> None:
    """What we write ourselves is what we would accept from others."""
    assert [Permission.parse(text) for text in PERMISSIONS] == list(PERMISSIONS)


def test_the_built_in_roles_stay_what_they_are() -> None:
    """``administrator`` has every permission, ``user`` none."""
    assert {str(name) for name in BUILT_IN_ROLES} == {"administrator", "user"}
    assert ADMINISTRATOR.permissions == frozenset(PERMISSIONS)
    assert USER.permissions == frozenset()


def test_event_names_are_of_the_vocabulary() -> None:
    """A word that is not in the contract would reach the audit trail unannounced."""
    names = {event.name for event in named_events()}
    assert names - EVENT_VOCABULARY == set()
    assert EVENT_SNAPSHOT - names == set(), "an event that rows already hold was lost"
    assert names - EVENT_SNAPSHOT == set(), "add the new name to the snapshot"


def test_event_names_follow_their_grammar() -> None:
    """A thing, a dot, and what happened to it."""
    pattern = re.compile(r"[a-z]+(_[a-z]+)*\.[a-z]+(_[a-z]+)*")
    assert [name for name in EVENT_VOCABULARY if not pattern.fullmatch(name)] == []


def test_an_event_name_belongs_to_one_class() -> None:
    """But for the written exceptions, and never to a class that has none."""
    owners = defaultdict(set)
    for event in named_events():
        owners[event.name].add(event.__name__)
    assert {name: classes for name, classes in owners.items() if len(classes) > 1} == SHARED_NAMES
