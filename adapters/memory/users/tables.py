"""Users, and the roles that they may have, which are read along with them."""

from dataclasses import replace

from adapters.memory.store import Table
from domain.access.role import Role
from domain.identifiers import UserId
from domain.principal import RoleName
from domain.users.user import User

USERS = Table[UserId, User](
    "users",
    replace,
    section="user",
    owner=lambda user: user.id,
    mailbox=lambda user: (user.email.key,),
    administrates=lambda user: (user.administrates,),
    role=lambda user: user.roles,
)
ROLES = Table[RoleName, Role]("roles", replace)
