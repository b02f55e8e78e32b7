"""Users as administrators find them: lists, searches, and one at a time."""

from typing import Annotated, Literal

from fastapi import Query, Request, Response

from application.expectations import UNCHANGED, ChangedMeanwhile
from application.paging import InvalidCursor
from application.users.ports import UserOrder, UserQuery
from domain.email_address import EmailAddress
from domain.errors import ConcurrentChange, ValidationFailed
from domain.identifiers import UserId
from domain.principal import PermissionDenied, RoleName
from domain.users.user import LastAdministrator, UserNotFound, UserStatus
from entrypoints.http.accounts.requests import UserEditRequest
from entrypoints.http.edge.answering import page_answer
from entrypoints.http.edge.answers import Envelope, ListEnvelope
from entrypoints.http.edge.conditional import IfMatch, expected
from entrypoints.http.edge.dependencies import (
    CALLER_ERRORS,
    Asked,
    From,
    Known,
    Services,
    identified,
)
from entrypoints.http.edge.errors import responses
from entrypoints.http.edge.headers import ETAG, with_headers
from entrypoints.http.edge.parameters import EMAIL_INPUT, IdInPath, Moment, MomentBefore
from entrypoints.http.edge.router import Router
from entrypoints.http.users.answering import etag_of, user_answer
from entrypoints.http.users.answers import UserOut
from entrypoints.representations.users import user_body

router = Router(
    prefix="/api/v1/users",
    tags=["Users"],
    responses=responses(
        *CALLER_ERRORS,
        PermissionDenied,
    ),
)


@router.get(
    "",
    summary="Find users",
    response_model=ListEnvelope[UserOut],
    responses=responses(InvalidCursor, ValidationFailed),
)
async def list_users(
    request: Request,
    caller: Known,
    services: Services,
    asked: Asked,
    email: Annotated[
        str | None, Query(max_length=EMAIL_INPUT, description="Exactly this mailbox.")
    ] = None,
    query: Annotated[
        str | None,
        Query(max_length=400, description="Stands, letter by letter, in the address or the name."),
    ] = None,
    status: Annotated[
        Literal["unverified", "active", "suspended"] | None, Query(description="Only these.")
    ] = None,
    role: Annotated[
        str | None, Query(max_length=100, description="Only those who have this role.")
    ] = None,
    created_after: Annotated[Moment, Query(description="Only those made after that.")] = None,
    created_before: Annotated[
        MomentBefore, Query(description="Only those made before that.")
    ] = None,
    sort: Annotated[
        Literal["created_at", "-created_at", "email", "-email"],
        Query(description="The order; with a minus the last comes first."),
    ] = "-created_at",
) -> Response:
    """Return a page of users (`users:read`); pages stay stable while users are added."""
    page = await services.accounts.list_users(
        principal=caller.principal,
        query=UserQuery(
            email=None if email is None else EmailAddress.parse(email),
            text=query,
            status=None if status is None else UserStatus(status),
            role=None if role is None else RoleName.parse(role),
            created_after=created_after,
            created_before=created_before,
            order=UserOrder(sort),
        ),
        asked=asked,
    )
    return page_answer(request, page, user_body)


@router.get(
    "/{user_id}",
    summary="A user",
    response_model=Envelope[UserOut],
    responses=responses(UserNotFound) | with_headers(200, *ETAG),
)
async def read_user(
    request: Request, user_id: IdInPath, caller: Known, services: Services
) -> Response:
    """Return one user, with an ETag (`users:read`)."""
    user = await services.accounts.show_user(
        principal=caller.principal, user_id=identified(UserId, user_id)
    )
    return user_answer(request, user)


@router.patch(
    "/{user_id}",
    summary="Change a user's profile",
    response_model=Envelope[UserOut],
    responses=responses(UserNotFound, ChangedMeanwhile, ValidationFailed, ConcurrentChange)
    | with_headers(200, *ETAG),
)
async def change_user(
    request: Request,
    user_id: IdInPath,
    body: UserEditRequest,
    caller: Known,
    services: Services,
    origin: From,
    if_match: IfMatch = None,
) -> Response:
    """Change the display name (`users:write`); leaving it out changes nothing."""
    keep = "display_name" not in body.model_fields_set
    user = await services.accounts.edit_profile(
        principal=caller.principal,
        user_id=identified(UserId, user_id),
        display_name=UNCHANGED if keep else body.display_name,
        expected=expected(if_match, etag_of),
        origin=origin,
    )
    return user_answer(request, user)


@router.delete(
    "/{user_id}",
    status_code=204,
    summary="Delete a user",
    response_class=Response,
    responses=responses(UserNotFound, ChangedMeanwhile, LastAdministrator, ConcurrentChange),
)
async def delete_user(
    user_id: IdInPath,
    caller: Known,
    services: Services,
    origin: From,
    if_match: IfMatch = None,
) -> Response:
    """Remove the account and all personal data (`users:delete`); audit rows keep the bare id."""
    await services.accounts.erase_user(
        principal=caller.principal,
        user_id=identified(UserId, user_id),
        expected=expected(if_match, etag_of),
        origin=origin,
    )
    return Response(status_code=204)
