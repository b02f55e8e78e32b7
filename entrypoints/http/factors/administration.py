"""Other users' factors: which there are, and nothing that proves anything."""

from fastapi import APIRouter, Request, Response

from application.paging import Page
from domain.factors.factor import MOST_FACTORS
from domain.identifiers import UserId
from domain.principal import PermissionDenied
from domain.users.user import UserNotFound
from entrypoints.http.edge.answering import page_answer
from entrypoints.http.edge.answers import ListEnvelope
from entrypoints.http.edge.dependencies import CALLER_ERRORS, Services, SignedIn, identified
from entrypoints.http.edge.errors import responses
from entrypoints.http.edge.parameters import IdInPath
from entrypoints.http.factors.answers import FactorOut
from entrypoints.representations.factors import factor_body

router = APIRouter(
    prefix="/api/v1/users/{user_id}/factors",
    tags=["Users"],
    responses=responses(*CALLER_ERRORS, PermissionDenied, UserNotFound),
)


@router.get("", summary="A user's factors", response_model=ListEnvelope[FactorOut])
async def list_factors(
    request: Request, user_id: IdInPath, caller: SignedIn, services: Services
) -> Response:
    """Return what signing in takes of the user beside the password (`users:read`)."""
    factors = await services.factors.list(
        principal=caller.principal, user_id=identified(UserId, user_id)
    )
    page = Page(list(factors), limit=MOST_FACTORS + 1)
    return page_answer(request, page, factor_body)
