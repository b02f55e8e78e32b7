"""Where a database stands among the revisions that this code knows.

Needs neither Alembic nor SQLAlchemy: every start asks, and only a migration pays for Alembic.
:mod:`migrations.branches` reads the revisions from their files.
"""

import re
import secrets
from collections.abc import Iterable, Iterator, Mapping, Set
from dataclasses import dataclass
from datetime import UTC, datetime
from enum import Enum

_MADE_AT = re.compile(r"(\d{8}_\d{4})_[0-9a-f]{8}")


def new_revision_name() -> str:
    """Return a name that no other branch chooses: when it was made, and 32 random bits."""
    return f"{datetime.now(UTC):%Y%m%d_%H%M}_{secrets.token_hex(4)}"


class Standing(Enum):
    """How a database's schema differs from the one that this code is written for."""

    UNMIGRATED = "it holds no schema"
    OLDER = "some revisions have not been run"
    NEWER = "it holds an unknown revision, made after all that could come before it"
    FOREIGN = "it holds an unknown revision that cannot come after ours"
    FORKED = "it holds an unknown revision, beside one that this code has gone on from"


@dataclass(frozen=True, slots=True)
class Difference:
    """How a schema differs, and what to do about it."""

    standing: Standing
    words: str
    """Goes on after "the database's schema"."""
    cure: str

    def __str__(self) -> str:
        return f"The database's schema {self.words}. {self.cure}"

    @property
    def can_be_migrated(self) -> bool:
        """Whether running what is left brings the schema to this code's."""
        return self.standing in {Standing.UNMIGRATED, Standing.OLDER}


class Revisions:
    """The revisions that this code knows, each with those that have to be run before it.

    Several branches stand beside each other: ours, and that of a team that builds on Doorward.
    A database's version table names the last revision of each; a revision that another one
    needs is not named, because it is implied.
    """

    def __init__(self, needs: Mapping[str, Set[str]]) -> None:
        self._needs = needs
        needed = {each for before in needs.values() for each in before}
        self.heads = frozenset(needs.keys() - needed)

    def __contains__(self, revision: str) -> bool:
        return revision in self._needs

    def __iter__(self) -> Iterator[str]:
        return iter(self._needs)

    def difference(self, present: Set[str]) -> Difference | None:
        """Return how a database at these revisions differs; None if it is where it should be."""
        if not present:
            return Difference(Standing.UNMIGRATED, "was never migrated", _MIGRATE)
        unknown = present - self._needs.keys()
        missing = self._needs.keys() - self._run(present)
        if not unknown:
            return self._older(present) if missing else None
        if outgrown := present - unknown - self.heads:
            words = f"has parted from this version at {_listed(outgrown)}: it holds "
            words += f"{_listed(unknown)}, unknown here, and lacks {_listed(missing & self.heads)}"
            return Difference(Standing.FORKED, words, _GO_WITH_IT)
        if missing and min(map(_made_at, unknown)) > max(map(_made_at, missing)):
            words = f"is at revision {_listed(unknown)}, unknown here and newer than "
            words += _listed(missing & self.heads)
            return Difference(Standing.NEWER, words, _GO_ON)
        words = f"is at revision {_listed(unknown)}, unknown here and from another branch"
        return Difference(Standing.FOREIGN, words, _GO_WITH_IT)

    def _older(self, present: Set[str]) -> Difference:
        words = f"is at revision {_listed(present)}, older than {_listed(self.heads)}"
        return Difference(Standing.OLDER, words, _MIGRATE)

    def _run(self, present: Set[str]) -> set[str]:
        """Return these revisions and all that were run before them."""
        found: set[str] = set()
        left = [each for each in present if each in self._needs]
        while left:
            revision = left.pop()
            if revision not in found:
                found.add(revision)
                left.extend(self._needs[revision])
        return found


_MIGRATE = "Run `doorward migrate` with the version that you want to serve."
_GO_ON = "Run the version that migrated it, or restore a backup from before."
_GO_WITH_IT = "Run the version that migrated it, or give this one a database of its own."


def _made_at(revision: str) -> str:
    """Return when the revision was made, as far as its name tells; the numbered ones are older."""
    found = _MADE_AT.fullmatch(revision)
    return found[1] if found else ""


def _listed(revisions: Iterable[str]) -> str:
    return " and ".join(sorted(revisions))
