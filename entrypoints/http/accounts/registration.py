"""Signing up and proving an address: for anyone."""

from fastapi import Depends, Request, Response

from application.accounts.registration import SIGN_UP
from application.credentials.ports import Busy
from application.mail.request import MAIL_REQUEST
from domain.credentials.one_time_token import InvalidToken
from domain.credentials.password_policy import PasswordRejected
from domain.errors import TooManyRequests, ValidationFailed
from domain.users.user import EmailAlreadyRegistered
from entrypoints.http.accounts.answers import SignUpOut, VerifiedUserOut
from entrypoints.http.accounts.requests import SignUpRequest
from entrypoints.http.edge.answering import answer
from entrypoints.http.edge.answers import Accepted, Envelope
from entrypoints.http.edge.dependencies import From, Services, limited
from entrypoints.http.edge.errors import responses
from entrypoints.http.edge.headers import ETAG, RATE_LIMIT, with_headers
from entrypoints.http.edge.requests import EmailRequest, TokenRequest
from entrypoints.http.edge.router import Router
from entrypoints.http.users.answering import user_answer
from entrypoints.http.users.answers import UserOut
from entrypoints.representations.accounts import sign_up_body, verified_user_body

router = Router(prefix="/api/v1", tags=["Sign-up"])


@router.post(
    "/users",
    status_code=201,
    summary="Sign up",
    response_model=Envelope[SignUpOut],
    responses=responses(
        EmailAlreadyRegistered,
        ValidationFailed,
        PasswordRejected,
        TooManyRequests,
        Busy,
    )
    | with_headers(201, *RATE_LIMIT),
    dependencies=[Depends(limited(SIGN_UP))],
)
async def sign_up(
    request: Request, body: SignUpRequest, services: Services, origin: From
) -> Response:
    """Make an account and mail its address a secret to prove it with.

    The answer is the same, in body and time, when the address has an account: then its owner
    gets a mail. `EMAIL_ALREADY_REGISTERED` comes only where concealing is switched off.
    """
    receipt = await services.accounts.sign_up(
        email=body.email,
        password=body.password,
        display_name=body.display_name,
        origin=origin,
    )
    return answer(request, sign_up_body(receipt), status=201)


@router.post(
    "/email-verifications",
    status_code=202,
    summary="Ask for the verification mail again",
    response_model=Envelope[Accepted],
    responses=responses(ValidationFailed, TooManyRequests) | with_headers(202, *RATE_LIMIT),
    dependencies=[Depends(limited(MAIL_REQUEST))],
)
async def request_email_verification(
    request: Request, body: EmailRequest, services: Services, origin: From
) -> Response:
    """Always 202; a mail goes out if the address has an account that is unverified.

    A new mail replaces the older token.
    """
    await services.accounts.request_email_verification(email=body.email, origin=origin)
    return answer(request, None, status=202)


@router.post(
    "/email-verifications/confirm",
    summary="Prove the address",
    response_model=Envelope[VerifiedUserOut],
    responses=responses(InvalidToken, ValidationFailed),
)
async def confirm_email(
    request: Request, body: TokenRequest, services: Services, origin: From
) -> Response:
    """Spend the mailed secret.

    Where more than one password was offered before the address was proven, none of them counts:
    `password_reset_required` is true, and a mail to set one is on its way.
    """
    verified = await services.accounts.confirm_email(token=body.token, origin=origin)
    return answer(request, verified_user_body(verified))


@router.post(
    "/email-changes/confirm",
    summary="Prove the new address",
    response_model=Envelope[UserOut],
    responses=responses(InvalidToken, EmailAlreadyRegistered, ValidationFailed)
    | with_headers(200, *ETAG),
)
async def confirm_email_change(
    request: Request, body: TokenRequest, services: Services, origin: From
) -> Response:
    """Spend the secret that was mailed to the new address; the account moves there.

    `EMAIL_ALREADY_REGISTERED` if the address has got an account since.
    """
    user = await services.accounts.confirm_email_change(token=body.token, origin=origin)
    return user_answer(request, user)
