"""Signing up and proving an address: for anyone."""

from fastapi import APIRouter, Depends, Request, Response

from application.limits import MAIL_REQUEST, SIGN_UP
from entrypoints.http.dependencies import From, Services, limited
from entrypoints.http.errors import responses
from entrypoints.http.presenters import answer, user_answer
from entrypoints.http.schemas.answers import Envelope, SignUpOut, UserOut, VerifiedUserOut
from entrypoints.http.schemas.requests import EmailRequest, SignUpRequest, TokenRequest
from entrypoints.representations import sign_up_body, verified_user_body

router = APIRouter(prefix="/api/v1", tags=["Registration"])


@router.post(
    "/users",
    status_code=201,
    summary="Sign up",
    response_model=Envelope[SignUpOut],
    responses=responses(
        "EMAIL_ALREADY_REGISTERED",
        "VALIDATION_ERROR",
        "PASSWORD_REJECTED",
        "TOO_MANY_REQUESTS",
        "BUSY",
    ),
    dependencies=[Depends(limited(SIGN_UP))],
)
async def sign_up(
    request: Request, body: SignUpRequest, services: Services, origin: From
) -> Response:
    """Make an account and mail its address a secret to prove it with.

    The answer is the same, in body and time, when the address has an account: then its owner
    gets a mail. `EMAIL_ALREADY_REGISTERED` comes only where concealing is switched off.
    """
    receipt = await services.sign_up()(
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
    response_model=Envelope[None],
    responses=responses("VALIDATION_ERROR", "TOO_MANY_REQUESTS"),
    dependencies=[Depends(limited(MAIL_REQUEST))],
)
async def request_email_verification(
    request: Request, body: EmailRequest, services: Services, origin: From
) -> Response:
    """Always 202; a mail goes out if the address has an account that is unverified.

    A new mail replaces the older token.
    """
    await services.request_email_verification()(email=body.email, origin=origin)
    return answer(request, None, status=202)


@router.post(
    "/email-verifications/confirm",
    summary="Prove the address",
    response_model=Envelope[VerifiedUserOut],
    responses=responses("INVALID_TOKEN", "VALIDATION_ERROR"),
)
async def confirm_email(
    request: Request, body: TokenRequest, services: Services, origin: From
) -> Response:
    """Spend the mailed secret.

    Where more than one password was offered before the address was proven, none of them counts:
    `password_reset_required` is true, and a mail to set one is on its way.
    """
    verified = await services.confirm_email()(token=body.token, origin=origin)
    return answer(request, verified_user_body(verified))


@router.post(
    "/email-changes/confirm",
    summary="Prove the new address",
    response_model=Envelope[UserOut],
    responses=responses("INVALID_TOKEN", "EMAIL_ALREADY_REGISTERED", "VALIDATION_ERROR"),
)
async def confirm_email_change(
    request: Request, body: TokenRequest, services: Services, origin: From
) -> Response:
    """Spend the secret that was mailed to the new address; the account moves there.

    `EMAIL_ALREADY_REGISTERED` if the address has got an account since.
    """
    user = await services.confirm_email_change()(token=body.token, origin=origin)
    return user_answer(request, user)
