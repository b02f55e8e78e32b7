"""Words that others store: they are added, and never changed or taken away."""

import re
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import fields
from importlib import import_module

from application.mail_texts import ENGLISH
from domain.access.role import built_in_roles
from domain.events import DomainEvent
from domain.mail.message import MessageKind
from domain.permissions import PERMISSIONS
from domain.principal import ADMINISTRATOR, USER, Permission
from tests.architecture import snapshots
from tests.architecture.source import files_of, module_of

for file in files_of("domain"):
    import_module(module_of(file))


SHARED_NAMES = {
    "session.ended": {"SessionEnded", "SessionsEnded"},
    "role.granted": {"RoleGranted", "ServiceRoleGranted"},
    "role.revoked": {"RoleRevoked", "ServiceRoleRevoked"},
}
"""One session or several at once, a user's role or a program's: the same thing happened, and
readers need one word for it."""


def named_events(kind: type[DomainEvent] = DomainEvent) -> Iterator[type[DomainEvent]]:
    """Yield every event of ours that has a name of its own."""
    for child in kind.__subclasses__():
        if child.__module__.startswith("domain.") and "name" in vars(child):
            yield child
        yield from named_events(child)


def test_permissions_are_a_snapshot() -> None:
    """Alphabetical and append-only: products store these words in their own code."""
    assert set(PERMISSIONS) == snapshots.PERMISSIONS
    assert list(PERMISSIONS) == sorted(set(PERMISSIONS))


def test_permissions_follow_their_grammar() -> None:
    """What we write ourselves is what we would accept from others."""
    assert [Permission.parse(text) for text in PERMISSIONS] == list(PERMISSIONS)


def test_the_built_in_roles_stay_what_they_are() -> None:
    """``administrator`` has every permission, ``user`` none."""
    roles = built_in_roles(PERMISSIONS)
    assert {str(name) for name in roles} == {"administrator", "user"}
    assert roles[ADMINISTRATOR].permissions == frozenset(PERMISSIONS)
    assert roles[USER].permissions == frozenset()


def test_event_names_are_a_snapshot() -> None:
    """A word that the contract does not know would reach the audit trail unannounced."""
    names = {event.name for event in named_events()}
    assert snapshots.EVENTS - names == set(), "an event that rows already hold was lost"
    assert names - snapshots.EVENTS == set(), "add the new name to the capability's snapshot"


def test_an_event_says_what_it_is_about() -> None:
    """``about`` names a field; what happens at an unknown address or to the service has none."""
    without = {event.__name__ for event in named_events() if event.about is None}
    assert without == {"AttemptsLimited", "SecretKeyChanged"}
    astray = [
        event.__name__
        for event in named_events()
        if event.about is not None and event.about[0] not in {f.name for f in fields(event)}
    ]
    assert astray == []


def test_every_mail_has_its_words() -> None:
    """A kind of message without a text is a request, which the worker answers."""
    kinds = {
        value
        for file in files_of("application")
        if file.name == "mails.py"
        for value in vars(import_module(module_of(file))).values()
        if isinstance(value, MessageKind)
    }
    wordless = {str(kind) for kind in kinds - ENGLISH.keys()}
    assert wordless == {kind for kind in wordless if kind.endswith("_requested")}
    assert ENGLISH.keys() <= kinds


def test_event_names_follow_their_grammar() -> None:
    """A thing, a dot, and what happened to it."""
    pattern = re.compile(r"[a-z]+(_[a-z]+)*\.[a-z]+(_[a-z]+)*")
    assert [name for name in snapshots.EVENTS if not pattern.fullmatch(name)] == []


def test_an_event_name_belongs_to_one_class() -> None:
    """But for the written exceptions, and never to a class that has none."""
    owners = defaultdict(set)
    for event in named_events():
        owners[event.name].add(event.__name__)
    assert {name: classes for name, classes in owners.items() if len(classes) > 1} == SHARED_NAMES
