"""A forgotten password: for anyone."""

from fastapi import Depends, Request, Response

from application.credentials.ports import Busy
from application.mail.request import MAIL_REQUEST
from domain.credentials.one_time_token import InvalidToken
from domain.credentials.password_policy import PasswordRejected
from domain.errors import TooManyRequests, ValidationFailed
from entrypoints.http.credentials.requests import PasswordResetRequest
from entrypoints.http.edge.answering import answer
from entrypoints.http.edge.answers import Accepted, Envelope
from entrypoints.http.edge.dependencies import From, Services, limited
from entrypoints.http.edge.errors import responses
from entrypoints.http.edge.headers import RATE_LIMIT, with_headers
from entrypoints.http.edge.requests import EmailRequest
from entrypoints.http.edge.router import Router

router = Router(prefix="/api/v1/password-resets", tags=["Passwords"])


@router.post(
    "",
    status_code=202,
    summary="Ask for a mail to set a new password",
    response_model=Envelope[Accepted],
    responses=responses(ValidationFailed, TooManyRequests) | with_headers(202, *RATE_LIMIT),
    dependencies=[Depends(limited(MAIL_REQUEST))],
)
async def request_password_reset(
    request: Request, body: EmailRequest, services: Services, origin: From
) -> Response:
    """Always 202; a mail goes out if the address has an account in good standing."""
    await services.credentials.request_password_reset(email=body.email, origin=origin)
    return answer(request, None, status=202)


@router.post(
    "/confirm",
    status_code=204,
    summary="Set a new password with the mailed secret",
    response_class=Response,
    responses=responses(InvalidToken, ValidationFailed, PasswordRejected, Busy),
)
async def reset_password(body: PasswordResetRequest, services: Services, origin: From) -> Response:
    """End every session of the user and count as proof of the address."""
    await services.credentials.reset_password(
        token=body.token, new_password=body.new_password, origin=origin
    )
    return Response(status_code=204)
