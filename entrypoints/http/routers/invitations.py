"""Inviting people, and accepting an invitation."""

from fastapi import APIRouter, Request, Response

from domain.identifiers import InvitationId
from entrypoints.http.dependencies import Asked, From, Services, SignedIn, identified
from entrypoints.http.errors import responses
from entrypoints.http.presenters import answer, page_answer, user_answer
from entrypoints.http.schemas.answers import Envelope, InvitationOut, ListEnvelope, UserOut
from entrypoints.http.schemas.requests import AcceptanceRequest, InvitationRequest
from entrypoints.representations import invitation_body

router = APIRouter(prefix="/api/v1/invitations", tags=["Invitations"])
_SIGNED_IN = (
    "NOT_AUTHENTICATED",
    "ACCESS_TOKEN_INVALID",
    "ACCESS_TOKEN_EXPIRED",
    "SESSION_ENDED",
    "MULTIPLE_CREDENTIALS",
    "PERMISSION_DENIED",
)


@router.post(
    "",
    status_code=201,
    summary="Invite somebody",
    response_model=Envelope[InvitationOut],
    responses=responses(
        "ROLE_NOT_FOUND",
        "EMAIL_ALREADY_REGISTERED",
        "VALIDATION_ERROR",
        "TOO_MANY_REQUESTS",
        *_SIGNED_IN,
    ),
)
async def invite(
    request: Request, body: InvitationRequest, caller: SignedIn, services: Services, origin: From
) -> Response:
    """Mail an invitation (`users:invite`); a newer one to the same mailbox replaces it.

    Roles take `roles:grant`, and nobody hands out a permission that they lack.
    """
    invitation = await services.invite_user()(
        principal=caller.principal, email=body.email, roles=body.roles, origin=origin
    )
    return answer(request, invitation_body(invitation), status=201)


@router.get(
    "",
    summary="Open invitations",
    response_model=ListEnvelope[InvitationOut],
    responses=responses("INVALID_CURSOR", "VALIDATION_ERROR", *_SIGNED_IN),
)
async def list_invitations(
    request: Request,
    caller: SignedIn,
    services: Services,
    asked: Asked,
) -> Response:
    """Return the invitations that can still be accepted, the newest first (`users:invite`)."""
    page = await services.list_invitations()(principal=caller.principal, asked=asked)
    return page_answer(request, page, invitation_body)


@router.delete(
    "/{invitation_id}",
    status_code=204,
    summary="Withdraw an invitation",
    response_class=Response,
    responses=responses("NOT_FOUND", *_SIGNED_IN),
)
async def withdraw(
    invitation_id: str, caller: SignedIn, services: Services, origin: From
) -> Response:
    """Take an invitation back (`users:invite`): its link is dead from then on."""
    await services.withdraw_invitation()(
        principal=caller.principal,
        invitation_id=identified(InvitationId, invitation_id),
        origin=origin,
    )
    return Response(status_code=204)


@router.post(
    "/accept",
    status_code=201,
    summary="Accept an invitation",
    response_model=Envelope[UserOut],
    responses=responses(
        "INVALID_TOKEN",
        "EMAIL_ALREADY_REGISTERED",
        "VALIDATION_ERROR",
        "PASSWORD_REJECTED",
        "BUSY",
    ),
)
async def accept(
    request: Request, body: AcceptanceRequest, services: Services, origin: From
) -> Response:
    """Spend the mailed secret for a verified account with the roles of the invitation."""
    user = await services.accept_invitation()(
        token=body.token,
        password=body.password,
        display_name=body.display_name,
        origin=origin,
    )
    return user_answer(request, user, status=201)
