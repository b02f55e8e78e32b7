"""What tables say about whose data they hold, and what is wrong with what they say (HD-13).

A table whose rows belong to users, or name one, says in which section of an export they are shown.
Every other table is written down here, with the reason why it has nothing to show.
"""

import importlib
import pkgutil
import re
from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass, is_dataclass
from types import ModuleType
from typing import TYPE_CHECKING, Any, get_args, get_type_hints

from adapters.memory.store import Table as MemoryTable
from domain.email_address import EmailAddress
from domain.identifiers import UserId
from migrations.branches import OURS, Branches

if TYPE_CHECKING:
    from sqlalchemy import MetaData, Table

WITHOUT_A_SECTION: Mapping[str, str] = {
    "audit_chain": "where the chain over the trail ends, and our signature",
    "circuits": "what is known of the mail server",
    "development_mails": "on a development machine only; sealed, and never more than 500",
    "idempotency_keys": "digests, and an answer that is sealed; gone after a day",
    "rate_limits": "digests of addresses; gone once the full burst is back",
    "role_permissions": "what a role gives; names no user",
    "retired_audit_keys": "our own keys, from before SECRET_KEY was changed",
    "roles": "what a role is; names no user",
    "signing_keys": "our own keys",
    "service_account_roles": "what a program may do; names no user",
    "spent_challenges": "random numbers; gone after minutes",
    "sign_in_attempts": "a digest of the address; forgotten together with the account",
}
"""The tables that no export shows, and why not."""

PROGRAMS = "service_accounts"
"""Whose rows are no persons: what belongs to one belongs to nobody, whoever has made it."""

_WHOSE = re.compile(
    r"""
    (.*_)? (user|owner|actor|target|subject|account|session|person|inviter|recipient|sender) (_id)?
    | (.*_)? (email|mailbox|address) (_key)?
    | (invited|created|changed|granted|requested|sent)_by
    | to | user_agent | display_name
    """,
    re.VERBOSE,
)
"""What a column is called that tells whose a row is, or something about that user."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Described:
    """A table: where its rows are exported, and which of its columns tell whose they are."""

    name: str
    section: str | None
    personal: tuple[str, ...]


def complaints(
    tables: Iterable[Described], *, sections: Collection[str], without: Collection[str]
) -> list[str]:
    """Return what is wrong with the tables, one sentence each.

    ``sections`` are those that the service exports, ``without`` the tables that need none.
    """
    found = []
    for table in tables:
        if table.section is None and table.personal:
            columns = ", ".join(table.personal)
            found.append(f"{table.name} has no section, and {columns} tells whose its rows are")
        elif table.section is None and table.name not in without:
            found.append(f"{table.name} has no section, and no reason is written down")
        elif table.section is not None and table.name in without:
            found.append(f"{table.name} has a section, and a reason why it needs none")
        elif table.section is not None and table.section not in sections:
            found.append(f"{table.name} is in section {table.section}, which nothing exports")
    return found


# --- databases ------------------------------------------------------------------------------------


def service_metadata(branches: Branches = (OURS,)) -> "MetaData":
    """Return the schema with the tables of these branches in it, and no others."""
    from sqlalchemy import MetaData

    from migrations.tables import tables_of

    schema = MetaData()
    for table in tables_of(branches):
        table.to_metadata(schema)
    return schema


def described(metadata: "MetaData") -> list[Described]:
    """Return what the tables of a database say about themselves."""
    return [
        Described(
            name=table.name,
            section=table.info.get("section"),
            personal=tuple(_personal_columns(table, frozenset())),
        )
        for table in metadata.tables.values()
    ]


def _personal_columns(table: "Table", seen: frozenset[str]) -> Iterator[str]:
    """Yield the columns that lead to a user, straight or over another table, or are called so."""
    seen |= {table.name}
    for column in table.columns:
        referred = [key.column.table for key in column.foreign_keys]
        if [other.name for other in referred] == [PROGRAMS]:
            continue
        if (
            _WHOSE.fullmatch(column.name)
            or any(other.name == "users" for other in referred)
            or any(any(_personal_columns(o, seen)) for o in referred if o.name not in seen)
        ):
            yield column.name


# --- memory ---------------------------------------------------------------------------------------


def memory_tables() -> list[MemoryTable[Any, Any]]:
    """Return every table that a memory adapter declares."""
    adapter = importlib.import_module("adapters.memory")
    found = {
        id(value): value
        for module in map(importlib.import_module, _modules_in(adapter))
        for value in vars(module).values()
        if isinstance(value, MemoryTable)
    }
    return list(found.values())


def described_in_memory(tables: Iterable[MemoryTable[Any, Any]]) -> list[Described]:
    """Return what the tables of the memory adapters say about themselves."""
    return [
        Described(
            name=table.name,
            section=table.section,
            personal=(
                *(["its owner"] if table.is_owned else []),
                *_personal_fields(get_args(vars(table)["__orig_class__"])[1]),
            ),
        )
        for table in tables
    ]


def _personal_fields(row: Any) -> Iterator[str]:
    """Yield the fields of a row, and of what is in it, that hold a user's id or address."""
    for name, hint in get_type_hints(row).items():
        kinds = [hint, *get_args(hint)]
        inner = [kind for kind in kinds if is_dataclass(kind)]
        if (
            _WHOSE.fullmatch(name)
            or UserId in kinds
            or EmailAddress in kinds
            or any(any(_personal_fields(each)) for each in inner)
        ):
            yield name


def _modules_in(package: ModuleType) -> list[str]:
    return [
        module.name for module in pkgutil.walk_packages(package.__path__, f"{package.__name__}.")
    ]
