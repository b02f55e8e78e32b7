"""Adding a passkey to one's own account."""

from fastapi import Request, Response

from domain.errors import TooManyRequests, ValidationFailed
from domain.factors.challenge import InvalidChallenge
from domain.factors.factor import InvalidProof
from entrypoints.http.edge.answering import answer
from entrypoints.http.edge.answers import Envelope
from entrypoints.http.edge.dependencies import SIGNED_IN_ERRORS, From, Services, SignedIn
from entrypoints.http.edge.errors import responses
from entrypoints.http.edge.router import Router
from entrypoints.http.factors.answers import EnrolledOut, PasskeyEnrolmentOut
from entrypoints.http.factors.own import ENROLMENT_ERRORS
from entrypoints.http.factors.requests import PasskeyConfirmation
from entrypoints.representations.factors import enrolled_body
from entrypoints.representations.formats import instant

router = Router(
    prefix="/api/v1/users/me/factors/passkeys",
    tags=["My factors"],
    responses=responses(*SIGNED_IN_ERRORS),
)


@router.post(
    "",
    summary="Set up a passkey",
    response_model=Envelope[PasskeyEnrolmentOut],
    responses=responses(*ENROLMENT_ERRORS),
)
async def begin_passkey(request: Request, caller: SignedIn, services: Services) -> Response:
    """Return what a browser makes a passkey with.

    `options` go as they are into `PublicKeyCredential.parseCreationOptionsFromJSON`. Nothing is
    kept: the passkey counts once `…/confirm` is sent with `enrolment` and the credential.
    """
    begun = await services.factors.begin_passkey(principal=caller.principal)
    body = {
        "enrolment": begun.enrolment,
        "options": begun.options,
        "expires_at": instant(begun.expires_at),
    }
    return answer(request, body, headers={"cache-control": "no-store"})


@router.post(
    "/confirm",
    status_code=201,
    summary="Confirm a passkey",
    response_model=Envelope[EnrolledOut],
    responses=responses(
        InvalidChallenge, InvalidProof, ValidationFailed, TooManyRequests, *ENROLMENT_ERRORS
    ),
)
async def confirm_passkey(
    request: Request, body: PasskeyConfirmation, caller: SignedIn, services: Services, origin: From
) -> Response:
    """Add the passkey that the device has made, if it verified its user.

    A passkey has one owner over all accounts. With the first factor come ten recovery codes, shown
    this once, and the owner gets a mail with which to undo it for seven days.
    """
    enrolled = await services.factors.confirm_passkey(
        principal=caller.principal,
        enrolment=body.enrolment,
        credential=body.credential,
        name=body.name,
        email_code=body.email_code,
        origin=origin,
    )
    headers = {"cache-control": "no-store"}
    return answer(request, enrolled_body(enrolled), status=201, headers=headers)
