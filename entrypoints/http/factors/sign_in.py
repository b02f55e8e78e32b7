"""Signing in."""

from fastapi import Depends, Request, Response

from application.credentials.ports import Busy
from application.factors.methods import SignInMethodOff
from application.factors.sign_in import SIGN_IN, InvalidCredentials, SecondFactorRequired
from domain.errors import TooManyRequests, ValidationFailed
from domain.factors.challenge import InvalidChallenge
from domain.factors.factor import InvalidProof
from domain.users.user import EmailNotVerified, UserIsSuspended
from entrypoints.http.edge.answers import Envelope
from entrypoints.http.edge.cookies import DEVICE_COOKIE, cookie, give_device_cookie
from entrypoints.http.edge.csrf import csrf_token, require_own_page
from entrypoints.http.edge.dependencies import From, Services, limited
from entrypoints.http.edge.errors import CsrfFailed, MultipleCredentials, responses
from entrypoints.http.edge.headers import LOCATION, RATE_LIMIT, with_headers
from entrypoints.http.edge.router import Router
from entrypoints.http.factors.answers import SignedInOut
from entrypoints.http.factors.requests import AnySignInRequest, ChallengeSignInRequest
from entrypoints.http.sessions.answering import token_answer
from entrypoints.representations.factors import device_token_body

router = Router(prefix="/api/v1/sessions", tags=["Sessions"])


@router.post(
    "",
    status_code=201,
    summary="Sign in",
    response_model=Envelope[SignedInOut],
    responses=responses(
        InvalidChallenge,
        InvalidCredentials,
        SecondFactorRequired,
        InvalidProof,
        EmailNotVerified,
        SignInMethodOff,
        UserIsSuspended,
        ValidationFailed,
        TooManyRequests,
        Busy,
        CsrfFailed,
        MultipleCredentials,
    )
    | with_headers(201, *LOCATION, *RATE_LIMIT),
    dependencies=[Depends(limited(SIGN_IN))],
)
async def sign_in(
    request: Request, body: AnySignInRequest, services: Services, origin: From
) -> Response:
    """Start a session with `email` and `password`, or with `challenge` and `proof`.

    An account with a second factor answers the right password alone with
    `SECOND_FACTOR_REQUIRED`; `error.challenge.token` then stands for the password, and a second
    request brings it together with one proof. Whoever asks for the code up front sends `proof`
    in the first request. `EMAIL_NOT_VERIFIED` and `USER_SUSPENDED` come only after the right
    password or proof. With `transport: cookie` both tokens come in cookies that no script can
    read, and the body has a `csrf_token` in their place.

    With `remember_device` and a second factor the answer has `device`: from then on, for
    `TRUSTED_DEVICE_TTL` seconds, the password with `device.token` as `device_token` starts a
    session of the lowest level without being asked for more. It ends with any change of password,
    address or factors. With `transport: cookie` the token comes in a cookie as well.
    """
    in_cookies = body.transport == "cookie"
    if in_cookies:
        require_own_page(request)
    known_by = cookie(request, DEVICE_COOKIE) if in_cookies else None
    if isinstance(body, ChallengeSignInRequest):
        grant = await services.factors.complete_sign_in(
            challenge=body.challenge,
            proof=body.proof.proof,
            device_token=known_by,
            remember_device=body.remember_device,
            origin=origin,
        )
    else:
        grant = await services.factors.sign_in(
            email=body.email,
            password=body.password,
            proof=body.proof.proof if "proof" in body.model_fields_set else None,
            device_token=body.device_token or known_by,
            remember_device=body.remember_device,
            origin=origin,
        )
    location = {"location": f"/api/v1/users/me/sessions/{grant.session.id}"}
    csrf = csrf_token(request, grant.session.id) if in_cookies else None
    if grant.device is None:
        return token_answer(request, grant, csrf=csrf, status=201, headers=location)
    device = device_token_body(grant.device)
    if in_cookies:
        del device["token"]
    answered = token_answer(
        request, grant, csrf=csrf, status=201, headers=location, also={"device": device}
    )
    if in_cookies:
        give_device_cookie(
            answered, grant.device.token, services.policies.factors.trusted_device_seconds
        )
    return answered
