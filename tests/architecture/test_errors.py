"""Every refusal has one stable code, one row in the catalogue, and means the same at every door."""

import re
from collections import defaultdict
from collections.abc import Iterator, Mapping
from importlib import import_module

import pytest

from domain import errors
from domain.errors import DomainError
from entrypoints.cli.exits import exit_code_of
from entrypoints.http.app import ROOMS
from entrypoints.http.edge.errors import EDGE_ERRORS, STATUS_OF_KIND, catalogue, status_of
from entrypoints.http.mail.routes import DEVELOPMENT_ROOM
from tests.architecture import snapshots
from tests.architecture.source import PACKAGES, files_of, module_of

ROOM_ERRORS = [error for room in (*ROOMS, DEVELOPMENT_ROOM) for error in room.errors]
CATALOGUE = {row.code: row for row in catalogue((*EDGE_ERRORS, *ROOM_ERRORS))}

EXIT_OF_KIND: Mapping[type[DomainError], int] = {
    errors.InvalidSecret: 1,
    errors.NotAuthenticated: 1,
    errors.Forbidden: 1,
    errors.NotFound: 3,
    errors.Conflict: 1,
    errors.PreconditionFailed: 1,
    errors.InvalidInput: 1,
    errors.LimitExceeded: 75,
    errors.Unavailable: 75,
}
"""0 done, 1 refused by a rule, 2 wrong usage, 3 not found, 75 try again later."""


def is_imported(module: str) -> bool:
    """Tell whether the module may be imported: Alembic's own are programs."""
    return module != "migrations.env" and not module.startswith("migrations.versions")


def descendants_of(kind: type[DomainError]) -> Iterator[type[DomainError]]:
    """Yield every error below the kind that our code defines, and none that a test defines."""
    for child in kind.__subclasses__():
        if child.__module__.split(".")[0] in PACKAGES:
            yield child
        yield from descendants_of(child)


def all_errors() -> list[type[DomainError]]:
    """Return every error of ours, once all of our modules are imported."""
    for file in files_of(*PACKAGES):
        if is_imported(module_of(file)):
            import_module(module_of(file))
    return sorted(set(descendants_of(DomainError)), key=lambda kind: kind.__qualname__)


ERRORS = all_errors()
CONCRETE = [error for error in ERRORS if "code" in vars(error)]
KINDS = [error for error in ERRORS if not hasattr(error, "code")]

every_concrete_error = pytest.mark.parametrize("error", CONCRETE, ids=lambda e: e.__name__)


def test_the_kinds_are_those_of_the_domain() -> None:
    """The author of an error chooses a kind, and gives it a code.

    An error without a code is taken for a kind; a new kind would have no meaning at any door.
    """
    assert set(KINDS) == set(EXIT_OF_KIND)
    assert {kind.__module__ for kind in KINDS} == {"domain.errors"}


def test_every_error_is_of_a_kind_or_of_http() -> None:
    """Only HTTP knows refusals that mean nothing elsewhere, and maps those by themselves."""
    strays = [
        error.__name__
        for error in ERRORS
        if not issubclass(error, tuple(KINDS))
        and error.__module__ != "entrypoints.http.edge.errors"
    ]
    assert strays == []


@every_concrete_error
def test_the_code_stands_in_the_catalogue(error: type[DomainError]) -> None:
    """The status of the error's kind is the one that the contract promises for its code."""
    assert error.code in CATALOGUE
    assert status_of(error) == CATALOGUE[error.code].status


@every_concrete_error
def test_the_code_and_the_message_are_in_order(error: type[DomainError]) -> None:
    """Codes are UPPER_SNAKE; a message is one line for people, and takes no values (IN-4)."""
    assert re.fullmatch(r"[A-Z]+(_[A-Z]+)*", error.code)
    assert "message" in vars(error)
    assert re.fullmatch(r"[A-Z][^\n{}%]*\.", error.message)
    assert error().message == error.message == str(error())


def test_every_code_belongs_to_one_class() -> None:
    """Two classes that share a code without knowing each other would drift apart.

    A class without a code of its own shares its parent's: the caller of ``UnknownSigningKey``
    loads the keys again, and the client must not learn the difference from
    ``ACCESS_TOKEN_INVALID``. To the one who asks, a key that was rotated before has changed
    meanwhile; but no further attempt would make it another one, as it does after a race.
    """
    owners = defaultdict(list)
    for error in CONCRETE:
        owners[error.code].append(error.__name__)
    assert {code: names for code, names in owners.items() if len(names) > 1} == {
        "CONFLICT": ["ApiKeyReplaced", "ConcurrentChange"]
    }
    inherited = {error.__name__: error.code for error in ERRORS if error not in CONCRETE + KINDS}
    assert inherited == {
        "FormRequired": "UNSUPPORTED_MEDIA_TYPE",
        "InvitationNotFound": "NOT_FOUND",
        "MessageNotFound": "NOT_FOUND",
        "RouteNotFound": "NOT_FOUND",
        "SigningKeyNotFound": "NOT_FOUND",
        "UnknownSigningKey": "ACCESS_TOKEN_INVALID",
    }


def test_the_catalogue_is_the_contract() -> None:
    """A code that changes, goes or comes is a change to the product."""
    assert {code: row.status for code, row in CATALOGUE.items()} == snapshots.ERRORS


def test_what_may_be_tried_again_says_so() -> None:
    """Every 429 and 503 is worth another try; so are the two conflicts that time resolves."""
    retryable = {code for code, row in CATALOGUE.items() if row.retryable}
    later = {code for code, status in snapshots.ERRORS.items() if status in {429, 503}}
    assert retryable == later | {"CONFLICT", "REQUEST_IN_PROGRESS"}


def test_every_code_is_raised_by_something() -> None:
    """A row without an error behind it is a promise that is not kept."""
    assert CATALOGUE.keys() == {error.code for error in CONCRETE}


def test_a_row_is_declared_by_one_room() -> None:
    """Beside the code that it is about, and nowhere else."""
    declared = [error.code for error in (*EDGE_ERRORS, *ROOM_ERRORS)]
    assert sorted(declared) == sorted(set(declared))


def test_every_kind_has_a_status() -> None:
    """A kind without one would be answered with 500."""
    assert set(KINDS) <= set(STATUS_OF_KIND)


@every_concrete_error
def test_the_command_line_ends_with_the_code_of_the_kind(error: type[DomainError]) -> None:
    """Whatever HTTP alone knows is refused; all else goes by its kind."""
    kinds = [kind for kind in error.__mro__ if kind in EXIT_OF_KIND]
    assert exit_code_of(error()) == (EXIT_OF_KIND[kinds[0]] if kinds else 1)
