"""Service accounts, which have roles: a role that one has is in use."""

from dataclasses import replace

from adapters.memory.store import Table
from domain.identifiers import ServiceAccountId
from domain.service_accounts.service_account import ServiceAccount, name_key

SERVICE_ACCOUNTS = Table[ServiceAccountId, ServiceAccount](
    "service_accounts",
    replace,
    section="service_accounts",
    called=lambda account: (name_key(account.name),),
    role=lambda account: account.roles,
)
