"""Passwords, mailed secrets and guesses in a person's export and erasure."""

from collections.abc import AsyncIterator

from application.credentials.attempts import AttemptGuard
from application.credentials.ports import CredentialsUnit
from application.owned_data import OwnedData, Owner, Record
from application.ports.unit_of_work import UnitOfWorkFactory


class PasswordData(OwnedData[CredentialsUnit]):
    """When the password was set; never its hash. The guesses at it go with the account."""

    section, is_list = "password", False

    def __init__(
        self, *, unit_of_work: UnitOfWorkFactory[CredentialsUnit], guard: AttemptGuard
    ) -> None:
        self._unit_of_work, self._guard = unit_of_work, guard

    async def records(self, owner: Owner) -> AsyncIterator[Record]:
        """Yield the password's age, if there is one."""
        async with self._unit_of_work.read_only() as unit:
            credential = await unit.credentials.get(owner.user_id)
        if credential is not None:
            yield {"changed_at": credential.changed_at}

    async def erase(self, unit: CredentialsUnit, owner: Owner) -> None:
        """Forget the guesses, which are kept by address; the password goes with the user's row."""
        await self._guard.forgive(unit, owner.email)


class MailedSecretsData(OwnedData[CredentialsUnit]):
    """What could still be spent: for what, to which address, until when."""

    section, is_list = "mailed_secrets", True

    def __init__(self, *, unit_of_work: UnitOfWorkFactory[CredentialsUnit]) -> None:
        self._unit_of_work = unit_of_work

    async def records(self, owner: Owner) -> AsyncIterator[Record]:
        """Yield the mailed secrets' records; there is at most one for each purpose."""
        async with self._unit_of_work.read_only() as unit:
            tokens = await unit.one_time_tokens.list_of(owner.user_id)
        for token in tokens:
            yield {
                "purpose": token.purpose.value,
                "email": token.email.value,
                "created_at": token.created_at,
                "expires_at": token.expires_at,
            }

    async def erase(self, unit: CredentialsUnit, owner: Owner) -> None:
        """Leave it to the user's row, with which the records go."""
