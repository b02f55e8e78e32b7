"""Users as administrators find them: lists, searches, and one at a time."""

from typing import Annotated, Literal

from fastapi import APIRouter, Query, Request, Response

from application.expectations import UNCHANGED
from application.ports.user_search import UserOrder, UserQuery
from domain.access import RoleName
from domain.email_address import EmailAddress
from domain.identifiers import UserId
from domain.user import UserStatus
from entrypoints.http.conditional import IfMatch, expected
from entrypoints.http.dependencies import Asked, From, Services, SignedIn, identified
from entrypoints.http.errors import responses
from entrypoints.http.presenters import answer, etag_of, page_answer, user_answer
from entrypoints.http.schemas.answers import (
    EffectivePermissionsOut,
    Envelope,
    ListEnvelope,
    UserOut,
)
from entrypoints.http.schemas.parameters import EMAIL_INPUT, Moment
from entrypoints.http.schemas.requests import UserEditRequest
from entrypoints.representations import user_body

router = APIRouter(
    prefix="/api/v1/users",
    tags=["Administration"],
    responses=responses(
        "NOT_AUTHENTICATED",
        "ACCESS_TOKEN_INVALID",
        "ACCESS_TOKEN_EXPIRED",
        "SESSION_ENDED",
        "MULTIPLE_CREDENTIALS",
        "PERMISSION_DENIED",
    ),
)


@router.get(
    "",
    summary="Find users",
    response_model=ListEnvelope[UserOut],
    responses=responses("INVALID_CURSOR", "VALIDATION_ERROR"),
)
async def list_users(
    request: Request,
    caller: SignedIn,
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
    created_before: Annotated[Moment, Query(description="Only those made before that.")] = None,
    sort: Annotated[
        Literal["created_at", "-created_at", "email", "-email"],
        Query(description="The order; with a minus the last comes first."),
    ] = "-created_at",
) -> Response:
    """Return a page of users (`users:read`); pages stay stable while users are added."""
    page = await services.list_users()(
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
    responses=responses("USER_NOT_FOUND"),
)
async def read_user(
    request: Request, user_id: str, caller: SignedIn, services: Services
) -> Response:
    """Return one user, with an ETag (`users:read`)."""
    user = await services.show_user()(
        principal=caller.principal, user_id=identified(UserId, user_id)
    )
    return user_answer(request, user)


@router.patch(
    "/{user_id}",
    summary="Change a user's profile",
    response_model=Envelope[UserOut],
    responses=responses("USER_NOT_FOUND", "PRECONDITION_FAILED", "VALIDATION_ERROR", "CONFLICT"),
)
async def edit_user(
    request: Request,
    user_id: str,
    body: UserEditRequest,
    caller: SignedIn,
    services: Services,
    origin: From,
    if_match: IfMatch = None,
) -> Response:
    """Change the display name (`users:write`); leaving it out changes nothing."""
    keep = "display_name" not in body.model_fields_set
    user = await services.edit_user()(
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
    responses=responses("USER_NOT_FOUND", "PRECONDITION_FAILED", "LAST_ADMINISTRATOR", "CONFLICT"),
)
async def erase_user(
    user_id: str,
    caller: SignedIn,
    services: Services,
    origin: From,
    if_match: IfMatch = None,
) -> Response:
    """Remove the account and all personal data (`users:delete`); audit rows keep the bare id."""
    await services.erase_user()(
        principal=caller.principal,
        user_id=identified(UserId, user_id),
        expected=expected(if_match, etag_of),
        origin=origin,
    )
    return Response(status_code=204)


@router.get(
    "/{user_id}/effective-permissions",
    summary="What a user may do",
    response_model=Envelope[EffectivePermissionsOut],
    responses=responses("USER_NOT_FOUND"),
)
async def effective_permissions(
    request: Request, user_id: str, caller: SignedIn, services: Services
) -> Response:
    """Return every permission, and which of the user's roles give it (`users:read`)."""
    found = await services.show_effective_permissions()(
        principal=caller.principal, user_id=identified(UserId, user_id)
    )
    return answer(
        request,
        {
            "user_id": str(found.user.id),
            "roles": sorted(found.user.roles),
            "permissions": [
                {"permission": permission, "granted_by": [{"role": role} for role in roles]}
                for permission, roles in found.granted_by.items()
            ],
        },
    )
