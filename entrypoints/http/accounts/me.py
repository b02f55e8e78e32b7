"""The caller's own profile."""

from fastapi import Request, Response

from application.expectations import UNCHANGED, ChangedMeanwhile
from domain.errors import ConcurrentChange, ValidationFailed
from entrypoints.http.accounts.requests import ProfileRequest
from entrypoints.http.edge.answers import Envelope
from entrypoints.http.edge.conditional import IfMatch, expected
from entrypoints.http.edge.dependencies import SIGNED_IN_ERRORS, From, OfUser, Services
from entrypoints.http.edge.errors import responses
from entrypoints.http.edge.headers import ETAG, with_headers
from entrypoints.http.edge.router import Router
from entrypoints.http.users.answering import own_etag_of, own_user_answer
from entrypoints.http.users.answers import UserOut

router = Router(
    prefix="/api/v1/users/me",
    tags=["My account"],
    responses=responses(
        *SIGNED_IN_ERRORS,
    ),
)


@router.get(
    "",
    summary="Who am I",
    response_model=Envelope[UserOut],
    responses=with_headers(200, *ETAG),
)
async def read_my_account(request: Request, caller: OfUser) -> Response:
    """Return the caller, with an ETag."""
    return own_user_answer(request, caller.user, caller.principal)


@router.patch(
    "",
    summary="Change my profile",
    response_model=Envelope[UserOut],
    responses=responses(ChangedMeanwhile, ValidationFailed, ConcurrentChange)
    | with_headers(200, *ETAG),
)
async def change_my_profile(
    request: Request,
    body: ProfileRequest,
    caller: OfUser,
    services: Services,
    origin: From,
    if_match: IfMatch = None,
) -> Response:
    """Change the display name; null or empty removes it, leaving it out changes nothing."""
    keep = "display_name" not in body.model_fields_set
    user = await services.accounts.edit_profile(
        principal=caller.principal,
        display_name=UNCHANGED if keep else body.display_name,
        expected=expected(if_match, own_etag_of(caller.principal)),
        origin=origin,
    )
    return own_user_answer(request, user, caller.principal)
