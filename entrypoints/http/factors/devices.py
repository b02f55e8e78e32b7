"""The devices on which the caller is asked for the password alone."""

from fastapi import Request, Response

from application.paging import Page
from domain.errors import ConcurrentChange
from domain.factors.device import MOST_DEVICES, DeviceId, DeviceNotFound
from entrypoints.http.edge.answering import page_answer
from entrypoints.http.edge.answers import ListEnvelope
from entrypoints.http.edge.dependencies import (
    SIGNED_IN_ERRORS,
    From,
    Services,
    SignedIn,
    identified,
)
from entrypoints.http.edge.errors import responses
from entrypoints.http.edge.parameters import IdInPath
from entrypoints.http.edge.router import Router
from entrypoints.http.factors.answers import TrustedDeviceOut
from entrypoints.representations.factors import device_body

router = Router(
    prefix="/api/v1/users/me/devices", tags=["My factors"], responses=responses(*SIGNED_IN_ERRORS)
)


@router.get("", summary="My trusted devices", response_model=ListEnvelope[TrustedDeviceOut])
async def list_my_devices(request: Request, caller: SignedIn, services: Services) -> Response:
    """Return the devices that are trusted now, the newest first."""
    devices = await services.factors.list_devices(principal=caller.principal)
    return page_answer(request, Page(list(devices), limit=MOST_DEVICES), device_body)


@router.delete(
    "/{device_id}",
    status_code=204,
    summary="Forget one of my devices",
    response_class=Response,
    responses=responses(DeviceNotFound, ConcurrentChange),
)
async def forget_my_device(
    device_id: IdInPath, caller: SignedIn, services: Services, origin: From
) -> Response:
    """Ask for a second factor there again; another user's is answered like none (AZ-2)."""
    await services.factors.forget_devices(
        principal=caller.principal, device_id=identified(DeviceId, device_id), origin=origin
    )
    return Response(status_code=204)


@router.delete(
    "",
    status_code=204,
    summary="Forget all my devices",
    response_class=Response,
    responses=responses(ConcurrentChange),
)
async def forget_my_devices(caller: SignedIn, services: Services, origin: From) -> Response:
    """Ask for a second factor on every device again."""
    await services.factors.forget_devices(principal=caller.principal, origin=origin)
    return Response(status_code=204)
