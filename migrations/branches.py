"""The lines of revisions that a database can be at: ours, and those beside it.

Nothing here loads Alembic, which a start should not pay for. The composition root says which
branches there are: ``branches`` in :mod:`entrypoints.container`.
"""

import ast
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

from adapters.sqlalchemy.revisions import Revisions


@dataclass(frozen=True, slots=True)
class Branch:
    """A line of revisions in a folder of its own.

    A team that builds on Doorward has one beside ours, so that neither waits for the other's
    next revision. Its first revision names ours that it needs (``depends_on``).
    """

    name: str
    """Alembic's label for the branch."""
    versions: Path
    """The folder with the revisions; no two branches share one."""
    tables: str = "adapters.sqlalchemy"
    """The package that holds its tables, in modules that are named ``tables``."""


OURS = Branch("doorward", Path(__file__).parent / "versions")

type Branches = tuple[Branch, ...]


def known_revisions(branches: Branches = (OURS,)) -> Revisions:
    """Return all revisions of these branches, as their files declare them.

    Raises ValueError for files that contradict each other, or that do not say what they are.
    """
    needs = _needs(branches)
    for revision, before in needs.items():
        if lost := before - needs.keys():
            raise ValueError(f"revision {revision} needs {', '.join(sorted(lost))}: no such file")
    return Revisions(needs)


def heads_of(branch: Branch) -> frozenset[str]:
    """Return the revisions that the next one of this branch comes after; none: it is the first."""
    needs = _needs((branch,))
    return frozenset(needs.keys() - {each for before in needs.values() for each in before})


def _needs(branches: Branches) -> dict[str, set[str]]:
    needs: dict[str, set[str]] = {}
    for file in (file for branch in branches for file in sorted(branch.versions.glob("*.py"))):
        if file.name == "__init__.py":
            continue
        revision, before = _declared_in(file)
        if revision in needs:
            raise ValueError(f"{file}: another file has revision {revision} as well")
        needs[revision] = before
    return needs


def _declared_in(file: Path) -> tuple[str, set[str]]:
    """Return the revision that the file holds, and those that have to be run before it."""
    found = dict(_constants(ast.parse(file.read_bytes(), str(file))))
    if not (revision := found.get("revision")):
        raise ValueError(f"{file}: there is no `revision` in it")
    return str(revision), {*_names(found.get("down_revision")), *_names(found.get("depends_on"))}


def _constants(tree: ast.Module) -> Iterator[tuple[str, object]]:
    for node in tree.body:
        if isinstance(node, ast.Assign):
            targets = node.targets
        elif isinstance(node, ast.AnnAssign):
            targets = [node.target]
        else:
            continue
        for target in targets:
            if isinstance(target, ast.Name) and target.id in _DECLARATIONS and node.value:
                yield target.id, ast.literal_eval(node.value)


_DECLARATIONS = {"revision", "down_revision", "depends_on"}


def _names(value: object) -> Iterable[str]:
    if isinstance(value, str):
        return (value,)
    return map(str, value) if isinstance(value, (tuple, list, set)) else ()
