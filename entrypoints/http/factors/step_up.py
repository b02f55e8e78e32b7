"""Showing again who one is, in the session one is in (RFC 9470)."""

from fastapi import Request, Response

from application.credentials.ports import Busy
from domain.errors import ConcurrentChange, TooManyRequests, ValidationFailed
from domain.factors.challenge import InvalidChallenge
from domain.factors.factor import InvalidProof
from domain.sessions.refresh_token import RefreshTokenInvalid
from entrypoints.http.edge.answering import answer
from entrypoints.http.edge.answers import Envelope
from entrypoints.http.edge.cookies import REFRESH_COOKIE, cookie
from entrypoints.http.edge.dependencies import SIGNED_IN_ERRORS, From, Services, SignedIn, csrf_for
from entrypoints.http.edge.errors import MultipleCredentials, responses
from entrypoints.http.edge.router import Router
from entrypoints.http.factors.answers import StepUpChallengeOut
from entrypoints.http.factors.requests import StepUpRequest
from entrypoints.http.sessions.answering import token_answer
from entrypoints.http.sessions.answers import TokenOut

router = Router(
    prefix="/api/v1/sessions/current", tags=["Sessions"], responses=responses(*SIGNED_IN_ERRORS)
)


@router.post(
    "/challenges",
    summary="Ask how to step up",
    response_model=Envelope[StepUpChallengeOut],
)
async def begin_step_up(request: Request, caller: SignedIn, services: Services) -> Response:
    """Return with what the caller may show again who they are, and a challenge for a passkey.

    Nothing is kept. A code needs no challenge; where one is sent with it, it is good once, for
    this session, for five minutes.
    """
    issued = await services.factors.begin_step_up(principal=caller.principal)
    body: dict[str, object] = {"challenge": issued.token, "methods": list(issued.methods)}
    if issued.passkey_options is not None:
        body["passkey_options"] = issued.passkey_options
    return answer(request, body, headers={"cache-control": "no-store"})


@router.post(
    "/proofs",
    summary="Step up",
    response_model=Envelope[TokenOut],
    responses=responses(
        InvalidChallenge,
        InvalidProof,
        RefreshTokenInvalid,
        ValidationFailed,
        TooManyRequests,
        Busy,
        ConcurrentChange,
    ),
)
async def step_up(
    request: Request, body: StepUpRequest, caller: SignedIn, services: Services, origin: From
) -> Response:
    """Show one proof: the session is the same, its `auth_time` is now, its `acr` may have risen.

    For an account with a second factor such a factor has to be shown; for any other the password.
    The refresh token has to be that of the calling session, and is spent as by a refresh. In
    cookie mode there is no `refresh_token`.
    """
    in_cookie = cookie(request, REFRESH_COOKIE)
    given = body.refresh_token if "refresh_token" in body.model_fields_set else None
    csrf = csrf_for(request, caller.session.id)
    if given is not None and (csrf is not None or in_cookie is not None):
        raise MultipleCredentials
    refresh_token = given if csrf is None else in_cookie
    if refresh_token is None:
        raise ValidationFailed.of("refresh_token", "MISSING", "This field is required.")
    grant = await services.factors.step_up(
        principal=caller.principal,
        refresh_token=refresh_token,
        proof=body.proof.proof,
        challenge=body.challenge if "challenge" in body.model_fields_set else None,
        origin=origin,
    )
    return token_answer(request, grant, csrf=csrf)
