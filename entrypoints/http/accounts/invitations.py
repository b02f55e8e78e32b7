"""Inviting people, and accepting an invitation."""

from fastapi import Depends, Request, Response

from application.credentials.ports import Busy
from application.paging import InvalidCursor
from domain.access.role import RoleNotFound
from domain.accounts.invitation import InvitationId, InvitationNotFound
from domain.credentials.one_time_token import InvalidToken
from domain.credentials.password_policy import PasswordRejected
from domain.errors import TooManyRequests, ValidationFailed
from domain.principal import PermissionDenied
from domain.users.user import EmailAlreadyRegistered
from entrypoints.http.accounts.answers import InvitationOut
from entrypoints.http.accounts.requests import AcceptanceRequest, InvitationRequest
from entrypoints.http.edge.answering import answer, page_answer
from entrypoints.http.edge.answers import Envelope, ListEnvelope
from entrypoints.http.edge.dependencies import (
    CALLER_ERRORS,
    Asked,
    From,
    Known,
    Services,
    identified,
)
from entrypoints.http.edge.errors import responses
from entrypoints.http.edge.headers import ETAG, with_headers
from entrypoints.http.edge.methods import not_at_another_path
from entrypoints.http.edge.parameters import IdInPath
from entrypoints.http.edge.router import Router
from entrypoints.http.users.answering import user_answer
from entrypoints.http.users.answers import UserOut
from entrypoints.representations.accounts import invitation_body

router = Router(prefix="/api/v1/invitations", tags=["Invitations"])
_SIGNED_IN = (
    *CALLER_ERRORS,
    PermissionDenied,
)


@router.post(
    "",
    status_code=201,
    summary="Invite a person",
    response_model=Envelope[InvitationOut],
    responses=responses(
        RoleNotFound,
        EmailAlreadyRegistered,
        ValidationFailed,
        TooManyRequests,
        *_SIGNED_IN,
    ),
)
async def invite_user(
    request: Request, body: InvitationRequest, caller: Known, services: Services, origin: From
) -> Response:
    """Mail an invitation (`users:invite`); a newer one to the same mailbox replaces it.

    Roles take `roles:grant`, and the caller must hold all of their permissions.
    """
    invitation = await services.accounts.invite_user(
        principal=caller.principal, email=body.email, roles=body.roles, origin=origin
    )
    return answer(request, invitation_body(invitation), status=201)


@router.get(
    "",
    summary="Open invitations",
    response_model=ListEnvelope[InvitationOut],
    responses=responses(InvalidCursor, ValidationFailed, *_SIGNED_IN),
)
async def list_invitations(
    request: Request,
    caller: Known,
    services: Services,
    asked: Asked,
) -> Response:
    """Return the invitations that can still be accepted, the newest first (`users:invite`)."""
    page = await services.accounts.list_invitations(principal=caller.principal, asked=asked)
    return page_answer(request, page, invitation_body)


@router.delete(
    "/{invitation_id}",
    status_code=204,
    summary="Withdraw an invitation",
    dependencies=[Depends(not_at_another_path)],
    response_class=Response,
    responses=responses(InvitationNotFound, *_SIGNED_IN),
)
async def withdraw_invitation(
    invitation_id: IdInPath, caller: Known, services: Services, origin: From
) -> Response:
    """Take an invitation back (`users:invite`): its link is dead from then on."""
    await services.accounts.withdraw_invitation(
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
        InvalidToken,
        EmailAlreadyRegistered,
        ValidationFailed,
        PasswordRejected,
        Busy,
    )
    | with_headers(201, *ETAG),
)
async def accept_invitation(
    request: Request, body: AcceptanceRequest, services: Services, origin: From
) -> Response:
    """Spend the mailed secret for a verified account with the roles of the invitation."""
    user = await services.accounts.accept_invitation(
        token=body.token,
        password=body.password,
        display_name=body.display_name,
        origin=origin,
    )
    return user_answer(request, user, status=201)
