"""The caller's own password."""

from fastapi import Request, Response

from application.credentials.ports import Busy
from application.credentials.reauthentication import WrongPassword
from domain.assurance import StepUpRequired
from domain.credentials.password_policy import PasswordRejected
from domain.errors import ConcurrentChange, TooManyRequests, ValidationFailed
from entrypoints.http.credentials.requests import PasswordChangeRequest
from entrypoints.http.edge.answers import Envelope
from entrypoints.http.edge.dependencies import SIGNED_IN_ERRORS, From, Services, SignedIn, csrf_for
from entrypoints.http.edge.errors import responses
from entrypoints.http.edge.router import Router
from entrypoints.http.sessions.answering import token_answer
from entrypoints.http.sessions.answers import TokenOut

router = Router(
    prefix="/api/v1/users/me", tags=["My account"], responses=responses(*SIGNED_IN_ERRORS)
)


PASSWORD_ERRORS = (
    StepUpRequired,
    WrongPassword,
    ValidationFailed,
    TooManyRequests,
    Busy,
    ConcurrentChange,
)
"""What a route declares that wants the password again, or a fresh session."""


@router.post(
    "/password",
    summary="Change my password",
    response_model=Envelope[TokenOut],
    responses=responses(PasswordRejected, *PASSWORD_ERRORS),
)
async def change_my_password(
    request: Request,
    body: PasswordChangeRequest,
    caller: SignedIn,
    services: Services,
    origin: From,
) -> Response:
    """Set a new password, with the present one or in a session of somebody who just showed it.

    Every older session and token ends, also the ones that asked, and every trusted device; the
    answer has new ones. A wrong `current_password` counts like a wrong sign-in. Without one, and
    for an account with a second factor in any case, the session has to be fresh: else
    `STEP_UP_REQUIRED` says what to show.
    """
    grant = await services.credentials.change_password(
        principal=caller.principal,
        current_password=body.current_password,
        new_password=body.new_password,
        origin=origin,
    )
    return token_answer(request, grant, csrf=csrf_for(request, grant.session.id))
