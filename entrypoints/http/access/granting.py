"""Other users' roles, for administrators."""

from fastapi import Request, Response

from application.expectations import ChangedMeanwhile
from domain.access.role import RoleNotFound
from domain.errors import ConcurrentChange, ValidationFailed
from domain.identifiers import UserId
from domain.principal import PermissionDenied
from domain.users.user import LastAdministrator, UserNotFound
from entrypoints.http.access.answers import EffectivePermissionsOut
from entrypoints.http.edge.answering import answer
from entrypoints.http.edge.answers import Envelope
from entrypoints.http.edge.conditional import IfMatch, expected
from entrypoints.http.edge.dependencies import CALLER_ERRORS, From, Known, Services, identified
from entrypoints.http.edge.errors import responses
from entrypoints.http.edge.parameters import IdInPath, RoleInPath
from entrypoints.http.edge.router import Router
from entrypoints.http.users.answering import etag_of
from entrypoints.representations.access import effective_permissions_body

router = Router(
    prefix="/api/v1/users/{user_id}",
    tags=["Users"],
    responses=responses(*CALLER_ERRORS, PermissionDenied, UserNotFound),
)


@router.put(
    "/roles/{role}",
    status_code=204,
    summary="Give a role",
    response_class=Response,
    responses=responses(RoleNotFound, ChangedMeanwhile, ValidationFailed, ConcurrentChange),
)
async def grant_role(
    user_id: IdInPath,
    role: RoleInPath,
    caller: Known,
    services: Services,
    origin: From,
    if_match: IfMatch = None,
) -> Response:
    """Give the user a role (`roles:grant`); the caller must hold all of its permissions.

    They count as they do in the caller's session, and so does the role, if it is the caller's, too.

    `If-Match` is about the user.
    """
    await services.access.set_role(
        principal=caller.principal,
        user_id=identified(UserId, user_id),
        role=role,
        held=True,
        expected=expected(if_match, etag_of),
        origin=origin,
    )
    return Response(status_code=204)


@router.delete(
    "/roles/{role}",
    status_code=204,
    summary="Take a role away",
    response_class=Response,
    responses=responses(
        RoleNotFound,
        ChangedMeanwhile,
        ValidationFailed,
        LastAdministrator,
        ConcurrentChange,
    ),
)
async def revoke_role(
    user_id: IdInPath,
    role: RoleInPath,
    caller: Known,
    services: Services,
    origin: From,
    if_match: IfMatch = None,
) -> Response:
    """Take a role from the user (`roles:grant`), effective on the next request."""
    await services.access.set_role(
        principal=caller.principal,
        user_id=identified(UserId, user_id),
        role=role,
        held=False,
        expected=expected(if_match, etag_of),
        origin=origin,
    )
    return Response(status_code=204)


@router.get(
    "/effective-permissions",
    summary="What a user may do",
    response_model=Envelope[EffectivePermissionsOut],
)
async def list_effective_permissions(
    request: Request, user_id: IdInPath, caller: Known, services: Services
) -> Response:
    """Return every permission, and which of the user's roles give it (`users:read`)."""
    found = await services.access.effective_permissions(
        principal=caller.principal, user_id=identified(UserId, user_id)
    )
    return answer(request, effective_permissions_body(found))
