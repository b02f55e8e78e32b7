"""Other users' factors: which there are, and taking them away; nothing that proves anything."""

from fastapi import Request, Response

from application.paging import Page
from domain.assurance import StepUpRequired
from domain.errors import ConcurrentChange, ValidationFailed
from domain.factors.factor import MOST_FACTORS
from domain.identifiers import UserId
from domain.principal import PermissionDenied
from domain.users.user import UserNotFound
from entrypoints.http.edge.answering import page_answer
from entrypoints.http.edge.answers import ListEnvelope
from entrypoints.http.edge.dependencies import CALLER_ERRORS, From, Known, Services, identified
from entrypoints.http.edge.errors import responses
from entrypoints.http.edge.parameters import IdInPath
from entrypoints.http.edge.router import Router
from entrypoints.http.factors.answers import FactorOut
from entrypoints.http.factors.requests import FactorsResetRequest
from entrypoints.representations.factors import factor_body

router = Router(
    prefix="/api/v1/users/{user_id}/factors",
    tags=["Users"],
    responses=responses(*CALLER_ERRORS, PermissionDenied, UserNotFound),
)


@router.get("", summary="A user's factors", response_model=ListEnvelope[FactorOut])
async def list_factors(
    request: Request, user_id: IdInPath, caller: Known, services: Services
) -> Response:
    """Return what signing in takes of the user beside the password (`users:read`)."""
    factors = await services.factors.list(
        principal=caller.principal, user_id=identified(UserId, user_id)
    )
    page = Page(list(factors), limit=MOST_FACTORS + 1)
    return page_answer(request, page, factor_body)


@router.post(
    "/reset",
    status_code=204,
    summary="Take a user's factors away",
    response_class=Response,
    responses=responses(StepUpRequired, ValidationFailed, ConcurrentChange),
)
async def reset_factors(
    user_id: IdInPath,
    body: FactorsResetRequest,
    caller: Known,
    services: Services,
    origin: From,
) -> Response:
    """Remove every factor, recovery code and trusted device of a user who has lost theirs.

    All their sessions end with `FACTORS_RESET`, and they are told by mail; from then on the
    password alone opens the account. Takes `factors:reset`, a recent proof of who the caller is,
    and every permission that the user has. Nobody resets their own. An account without factors is
    not changed.
    """
    await services.factors.reset(
        principal=caller.principal,
        user_id=identified(UserId, user_id),
        reason=body.reason,
        origin=origin,
    )
    return Response(status_code=204)
