"""Password credentials in `password_credentials`."""

from sqlalchemy import bindparam, delete, select

from adapters.sqlalchemy.errors import as_conflict
from adapters.sqlalchemy.execution import Execution
from adapters.sqlalchemy.statements import Row, Statement, Written, insert_into, save_in
from adapters.sqlalchemy.users.tables import password_credentials
from application.credentials.ports import CredentialRepository
from domain.credentials.password import PasswordCredential
from domain.identifiers import UserId

CREDENTIAL = (
    password_credentials.c.user_id,
    password_credentials.c.hash,
    password_credentials.c.changed_at,
    password_credentials.c.contested,
    password_credentials.c.version,
)


def credential_from(row: Row) -> PasswordCredential:
    """Return the credential that a row of ``CREDENTIAL`` tells of."""
    user_id, hashed, changed_at, contested, version = row
    return PasswordCredential(
        user_id=UserId(user_id),
        hash=hashed,
        changed_at=changed_at,
        contested=contested,
        version=version,
    )


def credential_values(credential: PasswordCredential) -> Written:
    """Return all that is written of a credential."""
    return {
        "user_id": credential.user_id.value,
        "hash": credential.hash,
        "changed_at": credential.changed_at,
        "contested": credential.contested,
        "version": credential.version,
    }


_OF_USER = password_credentials.c.user_id == bindparam("user_id")
_ADD_CREDENTIAL = insert_into(password_credentials)
_GET_CREDENTIAL = Statement(select(*CREDENTIAL).where(_OF_USER))
_SAVE_CREDENTIAL = Statement(save_in(password_credentials, key="user_id"))
_REMOVE_CREDENTIAL = Statement(delete(password_credentials).where(_OF_USER))


class SqlAlchemyCredentialRepository(CredentialRepository):
    """Password credentials in ``password_credentials``."""

    def __init__(self, execution: Execution) -> None:
        self._execution = execution

    async def add(self, credential: PasswordCredential) -> None:
        values = credential_values(credential)
        self._execution.write(_ADD_CREDENTIAL, values, meaning=as_conflict)

    async def get(self, user_id: UserId) -> PasswordCredential | None:
        row = await self._execution.first(_GET_CREDENTIAL, user_id=user_id.value)
        return None if row is None else credential_from(row)

    async def save(self, credential: PasswordCredential) -> None:
        self._execution.write(_SAVE_CREDENTIAL, credential_values(credential), guarded=True)
        credential.version += 1

    async def remove(self, user_id: UserId) -> None:
        self._execution.write(_REMOVE_CREDENTIAL, {"user_id": user_id.value})
