"""SUBJECT: the user that a command is about."""

from typing import Annotated

from cyclopts import Parameter

from domain.principal import OPERATOR
from domain.users.user import User
from entrypoints.cli.service import Services

Subject = Annotated[str, Parameter(allow_leading_hyphen=True)]
"""An id or an e-mail address, which may begin with a hyphen."""


async def found(services: Services, subject: str) -> User:
    """Return the user that an operator means by an id or an address."""
    return await services.accounts.find_user(principal=OPERATOR, subject=subject)
