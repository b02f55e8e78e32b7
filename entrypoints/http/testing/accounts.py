"""Accounts and a clean slate, for tests of products."""

from fastapi import Request, Response

from domain.origin import NOWHERE
from domain.principal import OPERATOR
from entrypoints.http.edge.answers import Envelope
from entrypoints.http.edge.dependencies import Parts, Services
from entrypoints.http.edge.router import Router
from entrypoints.http.testing.requests import AccountRequest
from entrypoints.http.users.answering import user_answer
from entrypoints.http.users.answers import UserOut

router = Router(prefix="/dev", include_in_schema=False)


@router.post("/users", status_code=201, summary="Make an account", response_model=Envelope[UserOut])
async def make_account(request: Request, body: AccountRequest, services: Services) -> Response:
    """Make an account as `doorward users create` does, and return the user."""
    user = await services.accounts.create_user(
        principal=OPERATOR,
        email=body.email,
        password=body.password,
        display_name=body.display_name,
        roles=body.roles,
        verified=body.verified,
        origin=NOWHERE,
    )
    return user_answer(request, user, status=201)


@router.post("/reset", status_code=204, summary="Forget everything")
async def forget_everything(container: Parts) -> Response:
    """Forget every account, mail, count and stored answer, and go by the host's time again.

    The signing keys and the audit trail stay.
    """
    await container.memory_store().forget()
    container.movable_clock().reset()
    return Response(status_code=204)
