"""Password credentials over one memory transaction."""

from adapters.memory.store import Transaction
from adapters.memory.users.tables import CREDENTIALS
from adapters.memory.users.users import require_user
from application.credentials.ports import CredentialRepository
from domain.credentials.password import PasswordCredential
from domain.errors import ConcurrentChange
from domain.identifiers import UserId


class MemoryCredentialRepository(CredentialRepository):
    """Credentials in a dictionary, by user."""

    def __init__(self, transaction: Transaction) -> None:
        self._transaction = transaction
        self._credentials = transaction.table(CREDENTIALS)

    async def add(self, credential: PasswordCredential) -> None:
        await self._transaction.writing()
        require_user(self._transaction, credential.user_id)
        if self._credentials.get(credential.user_id) is not None:
            raise ConcurrentChange
        self._credentials.put(credential.user_id, credential)

    async def get(self, user_id: UserId) -> PasswordCredential | None:
        await self._transaction.reading()
        return self._credentials.get(user_id)

    async def save(self, credential: PasswordCredential) -> None:
        await self._transaction.writing()
        kept = self._credentials.get(credential.user_id)
        if kept is None or kept.version != credential.version:
            raise ConcurrentChange
        credential.version += 1
        self._credentials.put(credential.user_id, credential)

    async def remove(self, user_id: UserId) -> None:
        await self._transaction.writing()
        self._credentials.remove(user_id)
