"""The caller's own factors."""

import orjson
from fastapi import Depends, Request, Response

from application.expectations import ChangedMeanwhile
from application.factors.listing import ListedFactor
from application.paging import Page
from domain.assurance import StepUpRequired
from domain.errors import ConcurrentChange, TooManyRequests, ValidationFailed
from domain.factors.challenge import InvalidChallenge
from domain.factors.factor import (
    MOST_FACTORS,
    FactorAlreadyEnrolled,
    FactorId,
    FactorNotFound,
    InvalidProof,
    TooManyFactors,
)
from entrypoints.http.edge.answering import answer, etag, page_answer, single_answer
from entrypoints.http.edge.answers import Envelope, ListEnvelope
from entrypoints.http.edge.conditional import IfMatch, expected
from entrypoints.http.edge.dependencies import (
    SIGNED_IN_ERRORS,
    From,
    Services,
    SignedIn,
    identified,
)
from entrypoints.http.edge.errors import responses
from entrypoints.http.edge.headers import ETAG, with_headers
from entrypoints.http.edge.methods import not_at_another_path
from entrypoints.http.edge.parameters import IdInPath
from entrypoints.http.edge.router import Router
from entrypoints.http.factors.answers import (
    EnrolledOut,
    FactorOut,
    RecoveryCodesOut,
    TotpEnrolmentOut,
)
from entrypoints.http.factors.qr_code import qr_svg
from entrypoints.http.factors.requests import FactorRename, TotpConfirmation
from entrypoints.representations.factors import enrolled_body, factor_body, otpauth_uri
from entrypoints.representations.formats import instant

router = Router(
    prefix="/api/v1/users/me", tags=["My factors"], responses=responses(*SIGNED_IN_ERRORS)
)

ENROLMENT_ERRORS = (
    StepUpRequired,
    FactorAlreadyEnrolled,
    TooManyFactors,
    ConcurrentChange,
)


@router.get("/factors", summary="My factors", response_model=ListEnvelope[FactorOut])
async def list_my_factors(request: Request, caller: SignedIn, services: Services) -> Response:
    """Return everything that signing in can take beside the password, the oldest first."""
    factors = await services.factors.list(principal=caller.principal)
    page = Page(list(factors), limit=MOST_FACTORS + 1)
    return page_answer(request, page, factor_body)


@router.post(
    "/factors/totp",
    summary="Set up an authenticator app",
    response_model=Envelope[TotpEnrolmentOut],
    responses=responses(*ENROLMENT_ERRORS),
)
async def begin_totp(request: Request, caller: SignedIn, services: Services) -> Response:
    """Return a new secret, as text, as an address and as a QR code.

    Nothing is kept: the secret counts once `…/confirm` is sent with `enrolment` and a code.
    """
    begun = await services.factors.begin_totp(principal=caller.principal)
    uri = otpauth_uri(begun)
    body = {
        "enrolment": begun.enrolment,
        "secret": begun.secret,
        "uri": uri,
        "qr_svg": qr_svg(uri),
        "expires_at": instant(begun.expires_at),
    }
    return answer(request, body, headers={"cache-control": "no-store"})


@router.post(
    "/factors/totp/confirm",
    status_code=201,
    summary="Confirm an authenticator app",
    response_model=Envelope[EnrolledOut],
    responses=responses(
        InvalidChallenge, InvalidProof, ValidationFailed, TooManyRequests, *ENROLMENT_ERRORS
    ),
)
async def confirm_totp(
    request: Request, body: TotpConfirmation, caller: SignedIn, services: Services, origin: From
) -> Response:
    """Add the app, once it shows the right code.

    With the first factor come ten recovery codes, shown this once, and the owner gets a mail with
    which to undo it for seven days.
    """
    enrolled = await services.factors.confirm_totp(
        principal=caller.principal,
        enrolment=body.enrolment,
        code=body.code,
        name=body.name,
        email_code=body.email_code,
        origin=origin,
    )
    headers = {"cache-control": "no-store"}
    return answer(request, enrolled_body(enrolled), status=201, headers=headers)


@router.patch(
    "/factors/{factor_id}",
    summary="Rename one of my factors",
    response_model=Envelope[FactorOut],
    responses=responses(
        FactorNotFound, StepUpRequired, ValidationFailed, ChangedMeanwhile, ConcurrentChange
    )
    | with_headers(200, *ETAG),
    dependencies=[Depends(not_at_another_path)],
)
async def rename_my_factor(
    request: Request,
    factor_id: IdInPath,
    body: FactorRename,
    caller: SignedIn,
    services: Services,
    if_match: IfMatch = None,
) -> Response:
    """Give a factor another name; another user's is answered like none (AZ-2)."""
    factor = await services.factors.rename(
        principal=caller.principal,
        factor_id=identified(FactorId, factor_id),
        name=body.name,
        expected=expected(if_match, _etag_of),
    )
    return single_answer(request, factor_body(factor), 200)


@router.delete(
    "/factors/{factor_id}",
    status_code=204,
    summary="Remove one of my factors",
    response_class=Response,
    responses=responses(FactorNotFound, StepUpRequired, ChangedMeanwhile, ConcurrentChange),
    dependencies=[Depends(not_at_another_path)],
)
async def remove_my_factor(
    factor_id: IdInPath,
    caller: SignedIn,
    services: Services,
    origin: From,
    if_match: IfMatch = None,
) -> Response:
    """Remove a factor. With the last one the recovery codes go, too."""
    await services.factors.remove(
        principal=caller.principal,
        factor_id=identified(FactorId, factor_id),
        expected=expected(if_match, _etag_of),
        origin=origin,
    )
    return Response(status_code=204)


@router.post(
    "/recovery-codes",
    status_code=201,
    summary="New recovery codes",
    response_model=Envelope[RecoveryCodesOut],
    responses=responses(FactorNotFound, StepUpRequired, ConcurrentChange),
)
async def renew_my_recovery_codes(
    request: Request, caller: SignedIn, services: Services, origin: From
) -> Response:
    """Return ten recovery codes, shown this once; the older ones are void."""
    codes = await services.factors.renew_recovery_codes(principal=caller.principal, origin=origin)
    headers = {"cache-control": "no-store"}
    return answer(request, {"codes": list(codes)}, status=201, headers=headers)


def _etag_of(listed: ListedFactor) -> str:
    return etag(orjson.dumps(factor_body(listed)))
