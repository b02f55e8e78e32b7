"""Doorward's own permissions: alphabetical and append-only, since products store these words.

Each is declared in the capability that asks for it, and collected here.
"""

from domain.access.permissions import PERMISSIONS as ACCESS
from domain.api_keys.permissions import PERMISSIONS as API_KEYS
from domain.audit.permissions import PERMISSIONS as AUDIT
from domain.factors.permissions import PERMISSIONS as FACTORS
from domain.keys.permissions import PERMISSIONS as KEYS
from domain.principal import Permission
from domain.service_accounts.permissions import PERMISSIONS as SERVICE_ACCOUNTS
from domain.sessions.permissions import PERMISSIONS as SESSIONS
from domain.users.permissions import PERMISSIONS as USERS

PERMISSIONS: tuple[Permission, ...] = tuple(
    sorted((*ACCESS, *API_KEYS, *AUDIT, *FACTORS, *KEYS, *SERVICE_ACCOUNTS, *SESSIONS, *USERS))
)
