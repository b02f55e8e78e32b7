"""A forgotten password: for anyone."""

from fastapi import APIRouter, Depends, Request, Response

from application.limits import MAIL_REQUEST
from entrypoints.http.dependencies import From, Services, limited
from entrypoints.http.errors import responses
from entrypoints.http.presenters import answer
from entrypoints.http.schemas.answers import Envelope
from entrypoints.http.schemas.requests import EmailRequest, PasswordResetRequest

router = APIRouter(prefix="/api/v1/password-resets", tags=["Passwords"])


@router.post(
    "",
    status_code=202,
    summary="Ask for a mail to set a new password",
    response_model=Envelope[None],
    responses=responses("VALIDATION_ERROR", "TOO_MANY_REQUESTS"),
    dependencies=[Depends(limited(MAIL_REQUEST))],
)
async def request_password_reset(
    request: Request, body: EmailRequest, services: Services, origin: From
) -> Response:
    """Always 202; a mail goes out if the address has an account in good standing."""
    await services.request_password_reset()(email=body.email, origin=origin)
    return answer(request, None, status=202)


@router.post(
    "/confirm",
    status_code=204,
    summary="Set a new password with the mailed secret",
    response_class=Response,
    responses=responses("INVALID_TOKEN", "VALIDATION_ERROR", "PASSWORD_REJECTED", "BUSY"),
)
async def reset_password(body: PasswordResetRequest, services: Services, origin: From) -> Response:
    """End every session of the user and count as proof of the address."""
    await services.reset_password()(token=body.token, new_password=body.new_password, origin=origin)
    return Response(status_code=204)
