"""What the owner of an account does with it as a whole: address, copy, end."""

from collections.abc import AsyncIterator

import orjson
from fastapi import Depends, Request, Response
from starlette.responses import StreamingResponse

from application.expectations import ChangedMeanwhile
from application.mail.request import MAIL_REQUEST
from entrypoints.http.accounts.answers import ExportOut
from entrypoints.http.accounts.requests import EmailChangeRequest, ErasureRequest
from entrypoints.http.credentials.password_change import PASSWORD_ERRORS
from entrypoints.http.edge.answering import answer
from entrypoints.http.edge.answers import Accepted, Envelope
from entrypoints.http.edge.conditional import IfMatch, expected
from entrypoints.http.edge.dependencies import (
    SIGNED_IN_ERRORS,
    From,
    Services,
    SignedIn,
    limited,
    signed_out,
)
from entrypoints.http.edge.errors import request_id_of, responses
from entrypoints.http.edge.headers import RATE_LIMIT, with_headers
from entrypoints.http.edge.router import Router
from entrypoints.http.users.answering import own_etag_of
from entrypoints.representations.export import export_json

router = Router(
    prefix="/api/v1/users/me",
    tags=["My account"],
    responses=responses(
        *SIGNED_IN_ERRORS,
    ),
)


@router.post(
    "/email",
    status_code=202,
    summary="Move to another address",
    response_model=Envelope[Accepted],
    responses=responses(*PASSWORD_ERRORS) | with_headers(202, *RATE_LIMIT),
    dependencies=[Depends(limited(MAIL_REQUEST))],
)
async def request_email_change(
    request: Request,
    body: EmailChangeRequest,
    caller: SignedIn,
    services: Services,
    origin: From,
) -> Response:
    """Mail a secret to the new address and a notice to the old one.

    Nothing changes until it is confirmed. The answer is the same if the new address has an
    account; then its owner gets a mail without a secret. Without the password, and for an account
    with a second factor in any case, the session has to be fresh (`STEP_UP_REQUIRED`).
    """
    await services.accounts.request_email_change(
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
    responses=responses(ChangedMeanwhile, *PASSWORD_ERRORS),
)
async def delete_my_account(
    request: Request,
    caller: SignedIn,
    services: Services,
    origin: From,
    body: ErasureRequest | None = None,
    if_match: IfMatch = None,
) -> Response:
    """Remove the account and all personal data; the audit trail keeps the bare id.

    Without the password, and for an account with a second factor in any case, the session has to
    be fresh (`STEP_UP_REQUIRED`).
    """
    await services.accounts.erase_own_account(
        principal=caller.principal,
        password=None if body is None else body.password,
        expected=expected(if_match, own_etag_of(caller.principal)),
        origin=origin,
    )
    return signed_out(request)


@router.get("/export", summary="A copy of all my data", response_model=Envelope[ExportOut])
async def export_my_data(
    request: Request, caller: SignedIn, services: Services, origin: From
) -> Response:
    """Return everything that is held about me, but no secret and no hash of one."""
    export = await services.accounts.export_data(
        principal=caller.principal, user_id=caller.user.id, origin=origin
    )
    return StreamingResponse(
        _enveloped(export_json(export), request_id_of(request.scope)),
        media_type="application/json",
    )


async def _enveloped(pieces: AsyncIterator[bytes], request_id: str) -> AsyncIterator[bytes]:
    yield b'{"data":'
    async for piece in pieces:
        yield piece
    yield b',"meta":' + orjson.dumps({"request_id": request_id}) + b"}"
