"""All tables that the code describes, for what compares them with the revisions."""

import importlib
import pkgutil
from collections.abc import Iterator
from types import ModuleType

from sqlalchemy import Table

from migrations.branches import OURS, Branches


def tables_of(branches: Branches = (OURS,)) -> list[Table]:
    """Return the tables of these branches and no others, whatever else is loaded.

    Loads every module named ``tables`` below the branches' packages.
    """
    found = (
        table
        for package in dict.fromkeys(branch.tables for branch in branches)
        for module in _modules_with_tables(package)
        for table in vars(module).values()
        if isinstance(table, Table)
    )
    return list(dict.fromkeys(found))


def names_of(branches: Branches) -> set[str]:
    """Return the names of the tables of these branches."""
    return {table.name for table in tables_of(branches)}


def _modules_with_tables(package: str) -> Iterator[ModuleType]:
    found = importlib.import_module(package)
    inside = pkgutil.walk_packages(getattr(found, "__path__", []), f"{package}.")
    for name in (package, *(module.name for module in inside)):
        if name.rpartition(".")[2] == "tables":
            yield importlib.import_module(name)
