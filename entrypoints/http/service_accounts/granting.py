"""The roles of service accounts."""

from fastapi import Response

from domain.access.role import RoleNotFound
from domain.assurance import StepUpRequired
from domain.errors import ConcurrentChange, ValidationFailed
from domain.identifiers import ServiceAccountId
from domain.principal import PermissionDenied, PersonRequired
from domain.service_accounts.service_account import ServiceAccountNotFound
from entrypoints.http.edge.dependencies import CALLER_ERRORS, From, Known, Services, identified
from entrypoints.http.edge.errors import responses
from entrypoints.http.edge.parameters import IdInPath, RoleInPath
from entrypoints.http.edge.router import Router

router = Router(
    prefix="/api/v1/service-accounts/{account_id}/roles",
    tags=["Service accounts"],
    responses=responses(
        *CALLER_ERRORS,
        PermissionDenied,
        ServiceAccountNotFound,
        RoleNotFound,
        ValidationFailed,
        ConcurrentChange,
    ),
)


@router.put(
    "/{name}",
    status_code=204,
    summary="Give a service account a role",
    response_class=Response,
    responses=responses(StepUpRequired, PersonRequired),
)
async def grant_service_role(
    account_id: IdInPath, name: RoleInPath, caller: Known, services: Services, origin: From
) -> Response:
    """Give a role (`roles:grant`), if you have all permissions that it gives.

    One that asks for a level takes a person, who has shown recently who they are.
    """
    await services.access.set_service_role(
        principal=caller.principal,
        account_id=identified(ServiceAccountId, account_id),
        role=name,
        held=True,
        origin=origin,
    )
    return Response(status_code=204)


@router.delete(
    "/{name}",
    status_code=204,
    summary="Take a role from a service account",
    response_class=Response,
)
async def revoke_service_role(
    account_id: IdInPath, name: RoleInPath, caller: Known, services: Services, origin: From
) -> Response:
    """Take a role away (`roles:grant`), if you have all permissions that it gives."""
    await services.access.set_service_role(
        principal=caller.principal,
        account_id=identified(ServiceAccountId, account_id),
        role=name,
        held=False,
        origin=origin,
    )
    return Response(status_code=204)
