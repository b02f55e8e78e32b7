"""Users, the roles that they may have, and their passwords.

Roles are read along with users; whether there is a password decides who counts as administrator.
"""

from dataclasses import replace

from adapters.memory.store import Table
from domain.access.role import Role
from domain.credentials.password import PasswordCredential
from domain.identifiers import UserId
from domain.principal import RoleName
from domain.users.user import User

USERS = Table[UserId, User](
    "users",
    replace,
    section="user",
    owner=lambda user: user.id,
    mailbox=lambda user: (user.email.key,),
    role=lambda user: user.roles,
)
ROLES = Table[RoleName, Role]("roles", replace)
CREDENTIALS = Table[UserId, PasswordCredential](
    "password_credentials", replace, section="password", owner=lambda credential: credential.user_id
)
