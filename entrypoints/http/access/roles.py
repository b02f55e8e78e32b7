"""Roles at run time, and the permissions that they give."""

from functools import partial

from fastapi import Request, Response

from application.expectations import UNCHANGED, ChangedMeanwhile
from application.paging import InvalidCursor
from domain.access.role import RoleAlreadyExists, RoleInUse, RoleNotFound
from domain.assurance import Level
from domain.errors import ConcurrentChange, ValidationFailed
from domain.principal import PermissionDenied
from entrypoints.http.access.answering import etag_of_role, role_answer
from entrypoints.http.access.answers import PermissionOut, RoleOut
from entrypoints.http.access.requests import RoleChangeRequest, RoleRequest
from entrypoints.http.edge.answering import page_answer
from entrypoints.http.edge.answers import Envelope, ListEnvelope
from entrypoints.http.edge.conditional import IfMatch, expected
from entrypoints.http.edge.dependencies import CALLER_ERRORS, Asked, From, Known, Services
from entrypoints.http.edge.errors import responses
from entrypoints.http.edge.headers import ETAG, with_headers
from entrypoints.http.edge.parameters import RoleInPath
from entrypoints.http.edge.router import Router
from entrypoints.representations.access import permission_body, role_body

router = Router(
    prefix="/api/v1",
    tags=["Roles"],
    responses=responses(
        *CALLER_ERRORS,
        PermissionDenied,
    ),
)


@router.get(
    "/roles",
    summary="Every role",
    response_model=ListEnvelope[RoleOut],
    responses=responses(InvalidCursor, ValidationFailed),
)
async def list_roles(request: Request, caller: Known, services: Services, asked: Asked) -> Response:
    """Return the built-in roles and those defined at run time, by name (`roles:read`)."""
    page = await services.access.list_roles(principal=caller.principal, asked=asked)
    return page_answer(request, page, role_body)


@router.get(
    "/roles/{name}",
    summary="A role",
    response_model=Envelope[RoleOut],
    responses=responses(RoleNotFound) | with_headers(200, *ETAG),
)
async def read_role(
    request: Request, name: RoleInPath, caller: Known, services: Services
) -> Response:
    """Return one role, with an ETag (`roles:read`)."""
    role = await services.access.show_role(principal=caller.principal, name=name)
    return role_answer(request, role)


@router.post(
    "/roles",
    status_code=201,
    summary="Define a role",
    response_model=Envelope[RoleOut],
    responses=responses(RoleAlreadyExists, ValidationFailed) | with_headers(201, *ETAG),
)
async def define_role(
    request: Request, body: RoleRequest, caller: Known, services: Services, origin: From
) -> Response:
    """Make a role of permissions that you have (`roles:write`).

    A product may name permissions of its own, such as `orders:refund`; they stand in access
    tokens of the users who have the role.
    """
    role = await services.access.define_role(
        principal=caller.principal,
        name=body.name,
        description=body.description,
        permissions=body.permissions,
        required_acr=_level(body.required_acr),
        origin=origin,
    )
    return role_answer(request, role, status=201)


@router.put(
    "/roles/{name}",
    summary="Change a role",
    response_model=Envelope[RoleOut],
    responses=responses(RoleNotFound, ChangedMeanwhile, ValidationFailed, ConcurrentChange)
    | with_headers(200, *ETAG),
)
async def change_role(
    request: Request,
    name: RoleInPath,
    body: RoleChangeRequest,
    caller: Known,
    services: Services,
    origin: From,
    if_match: IfMatch = None,
) -> Response:
    """Set description and permissions, effective on the next request (`roles:write`).

    `required_acr` stays as it is where it is left out; it is lowered or taken off only in a session
    of that level.
    """
    is_said = "required_acr" in body.model_fields_set
    role = await services.access.change_role(
        principal=caller.principal,
        name=name,
        description=body.description,
        permissions=body.permissions,
        required_acr=_level(body.required_acr) if is_said else UNCHANGED,
        expected=expected(if_match, etag_of_role),
        origin=origin,
    )
    return role_answer(request, role)


@router.delete(
    "/roles/{name}",
    status_code=204,
    summary="Remove a role",
    response_class=Response,
    responses=responses(RoleNotFound, RoleInUse, ChangedMeanwhile),
)
async def remove_role(
    name: RoleInPath,
    caller: Known,
    services: Services,
    origin: From,
    if_match: IfMatch = None,
) -> Response:
    """Remove a role that no user has (`roles:write`); a built-in one stays."""
    await services.access.remove_role(
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
    responses=responses(InvalidCursor, ValidationFailed),
)
async def list_permissions(
    request: Request, caller: Known, services: Services, asked: Asked
) -> Response:
    """Return Doorward's own permissions and those that some role gives (`roles:read`)."""
    page = await services.access.list_permissions(principal=caller.principal, asked=asked)
    own = services.policies.own_permissions
    return page_answer(request, page, partial(permission_body, own=own))


def _level(word: str | None) -> Level | None:
    return None if word is None else Level(word)
