"""What a command is about: SUBJECT, a user, and SERVICE, a service account."""

from typing import Annotated

from cyclopts import Parameter

from domain.identifiers import ServiceAccountId
from domain.principal import OPERATOR
from domain.service_accounts.service_account import ServiceAccount, ServiceAccountNotFound
from domain.users.user import User
from entrypoints.cli.service import Services

Subject = Annotated[str, Parameter(allow_leading_hyphen=True)]
"""An id or an e-mail address, which may begin with a hyphen."""

Service = Annotated[str, Parameter(allow_leading_hyphen=True)]
"""A name, which may begin with a hyphen, or an id."""


async def found(services: Services, subject: str) -> User:
    """Return the user that an operator means by an id or an address."""
    return await services.accounts.find_user(principal=OPERATOR, subject=subject)


async def found_service(services: Services, service: str) -> ServiceAccount:
    """Return the service account that an operator means by a name or an id; a name goes first."""
    show = services.service_accounts.show
    try:
        return await show.named(principal=OPERATOR, name=service)
    except ServiceAccountNotFound:
        try:
            account_id = ServiceAccountId.parse(service)
        except ValueError:
            raise ServiceAccountNotFound from None
    return await show(principal=OPERATOR, account_id=account_id)
