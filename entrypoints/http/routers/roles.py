"""Roles at run time, and the permissions that they give."""

from fastapi import APIRouter, Request, Response

from entrypoints.http.conditional import IfMatch, expected
from entrypoints.http.dependencies import Asked, From, Services, SignedIn
from entrypoints.http.errors import responses
from entrypoints.http.presenters import etag_of_role, page_answer, role_answer
from entrypoints.http.schemas.answers import Envelope, ListEnvelope, PermissionOut, RoleOut
from entrypoints.http.schemas.requests import RoleChangeRequest, RoleRequest
from entrypoints.representations import permission_body, role_body

router = APIRouter(
    prefix="/api/v1",
    tags=["Roles"],
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
    "/roles",
    summary="Every role",
    response_model=ListEnvelope[RoleOut],
    responses=responses("INVALID_CURSOR", "VALIDATION_ERROR"),
)
async def list_roles(
    request: Request, caller: SignedIn, services: Services, asked: Asked
) -> Response:
    """Return the built-in roles and those defined at run time, by name (`roles:read`)."""
    page = await services.list_roles()(principal=caller.principal, asked=asked)
    return page_answer(request, page, role_body)


@router.get(
    "/roles/{name}",
    summary="A role",
    response_model=Envelope[RoleOut],
    responses=responses("ROLE_NOT_FOUND"),
)
async def read_role(request: Request, name: str, caller: SignedIn, services: Services) -> Response:
    """Return one role, with an ETag (`roles:read`)."""
    role = await services.show_role()(principal=caller.principal, name=name)
    return role_answer(request, role)


@router.post(
    "/roles",
    status_code=201,
    summary="Define a role",
    response_model=Envelope[RoleOut],
    responses=responses("ROLE_ALREADY_EXISTS", "VALIDATION_ERROR"),
)
async def define_role(
    request: Request, body: RoleRequest, caller: SignedIn, services: Services, origin: From
) -> Response:
    """Make a role of permissions that you have (`roles:write`).

    A product may name permissions of its own, such as `orders:refund`; they stand in access
    tokens of whoever has the role.
    """
    role = await services.define_role()(
        principal=caller.principal,
        name=body.name,
        description=body.description,
        permissions=body.permissions,
        origin=origin,
    )
    return role_answer(request, role, status=201)


@router.put(
    "/roles/{name}",
    summary="Change a role",
    response_model=Envelope[RoleOut],
    responses=responses("ROLE_NOT_FOUND", "PRECONDITION_FAILED", "VALIDATION_ERROR", "CONFLICT"),
)
async def change_role(
    request: Request,
    name: str,
    body: RoleChangeRequest,
    caller: SignedIn,
    services: Services,
    origin: From,
    if_match: IfMatch = None,
) -> Response:
    """Set description and permissions, effective on the next request (`roles:write`)."""
    role = await services.change_role()(
        principal=caller.principal,
        name=name,
        description=body.description,
        permissions=body.permissions,
        expected=expected(if_match, etag_of_role),
        origin=origin,
    )
    return role_answer(request, role)


@router.delete(
    "/roles/{name}",
    status_code=204,
    summary="Remove a role",
    response_class=Response,
    responses=responses("ROLE_NOT_FOUND", "ROLE_IN_USE", "PRECONDITION_FAILED"),
)
async def remove_role(
    name: str,
    caller: SignedIn,
    services: Services,
    origin: From,
    if_match: IfMatch = None,
) -> Response:
    """Remove a role that nobody has (`roles:write`); a built-in one stays."""
    await services.remove_role()(
        principal=caller.principal,
        name=name,
        expected=expected(if_match, etag_of_role),
        origin=origin,
    )
    return Response(status_code=204)


@router.get(
    "/permissions",
    summary="Every permission",
    response_model=ListEnvelope[PermissionOut],
    responses=responses("INVALID_CURSOR", "VALIDATION_ERROR"),
)
async def list_permissions(
    request: Request, caller: SignedIn, services: Services, asked: Asked
) -> Response:
    """Return Doorward's own permissions and those that some role gives (`roles:read`)."""
    page = await services.list_permissions()(principal=caller.principal, asked=asked)
    return page_answer(request, page, permission_body)
