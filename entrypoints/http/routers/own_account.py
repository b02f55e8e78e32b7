"""What the owner of an account does with it as a whole: password, address, copy, end."""

from fastapi import APIRouter, Depends, Request, Response

from application.limits import MAIL_REQUEST
from entrypoints.http.conditional import IfMatch, expected
from entrypoints.http.dependencies import (
    Asked,
    From,
    Services,
    SignedIn,
    csrf_for,
    limited,
    signed_out,
)
from entrypoints.http.errors import responses
from entrypoints.http.presenters import answer, etag_of, page_answer, token_answer
from entrypoints.http.schemas.answers import (
    AuditEventOut,
    CookieTokenOut,
    Envelope,
    ExportOut,
    ListEnvelope,
    TokenOut,
)
from entrypoints.http.schemas.requests import (
    EmailChangeRequest,
    ErasureRequest,
    PasswordChangeRequest,
)
from entrypoints.representations import audit_event_body, export_body

router = APIRouter(
    prefix="/api/v1/users/me",
    tags=["My account"],
    responses=responses(
        "NOT_AUTHENTICATED",
        "ACCESS_TOKEN_INVALID",
        "ACCESS_TOKEN_EXPIRED",
        "SESSION_ENDED",
        "MULTIPLE_CREDENTIALS",
    ),
)
_WITH_PASSWORD = ("WRONG_PASSWORD", "VALIDATION_ERROR", "TOO_MANY_REQUESTS", "BUSY", "CONFLICT")


@router.post(
    "/password",
    summary="Change my password",
    response_model=Envelope[TokenOut | CookieTokenOut],
    responses=responses("PASSWORD_REJECTED", *_WITH_PASSWORD),
)
async def change_password(
    request: Request,
    body: PasswordChangeRequest,
    caller: SignedIn,
    services: Services,
    origin: From,
) -> Response:
    """Set a new password with the present one.

    Every older session and token ends, also the ones that asked; the answer has new ones. A
    wrong `current_password` counts like a wrong sign-in.
    """
    grant = await services.change_password()(
        principal=caller.principal,
        current_password=body.current_password,
        new_password=body.new_password,
        origin=origin,
    )
    return token_answer(request, grant, csrf=csrf_for(request, grant.session.id))


@router.post(
    "/email",
    status_code=202,
    summary="Move to another address",
    response_model=Envelope[None],
    responses=responses(*_WITH_PASSWORD),
    dependencies=[Depends(limited(MAIL_REQUEST))],
)
async def change_email(
    request: Request,
    body: EmailChangeRequest,
    caller: SignedIn,
    services: Services,
    origin: From,
) -> Response:
    """Mail a secret to the new address and a notice to the old one.

    Nothing changes until it is confirmed. The answer is the same if the new address has an
    account; then its owner gets a mail without a secret.
    """
    await services.request_email_change()(
        principal=caller.principal,
        new_email=body.new_email,
        password=body.password,
        origin=origin,
    )
    return answer(request, None, status=202)


@router.delete(
    "",
    status_code=204,
    summary="Delete my account",
    response_class=Response,
    responses=responses("PRECONDITION_FAILED", *_WITH_PASSWORD),
)
async def erase_account(
    request: Request,
    body: ErasureRequest,
    caller: SignedIn,
    services: Services,
    origin: From,
    if_match: IfMatch = None,
) -> Response:
    """Remove the account and all personal data; the audit trail keeps the bare id."""
    await services.erase_own_account()(
        principal=caller.principal,
        password=body.password,
        expected=expected(if_match, etag_of),
        origin=origin,
    )
    return signed_out(request)


@router.get(
    "/security-events",
    summary="What happened to my account",
    response_model=ListEnvelope[AuditEventOut],
    responses=responses("INVALID_CURSOR", "VALIDATION_ERROR"),
)
async def list_security_events(
    request: Request,
    caller: SignedIn,
    services: Services,
    asked: Asked,
) -> Response:
    """Return what was done by me and to me, the newest first.

    Where another signed-in person came from is left out.
    """
    page = await services.list_own_security_events()(principal=caller.principal, asked=asked)
    return page_answer(request, page, audit_event_body)


@router.get("/export", summary="A copy of all my data", response_model=Envelope[ExportOut])
async def export_data(
    request: Request, caller: SignedIn, services: Services, origin: From
) -> Response:
    """Return everything that is held about me, but no secret and no hash of one."""
    export = await services.export_data()(
        principal=caller.principal, user_id=caller.user.id, origin=origin
    )
    return answer(request, export_body(export, current=caller.session.id))
