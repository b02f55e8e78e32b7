"""Signing in with a passkey: what to begin with, and which other origins may."""

import orjson
from fastapi import Request, Response

from application.factors.methods import SignInMethodOff
from entrypoints.http.edge.answering import answer
from entrypoints.http.edge.answers import Envelope
from entrypoints.http.edge.dependencies import Parts, Services
from entrypoints.http.edge.errors import responses
from entrypoints.http.edge.router import Router
from entrypoints.http.factors.answers import PasskeyChallengeOut, RelatedOriginsOut
from entrypoints.representations.formats import instant

router = Router()


@router.post(
    "/api/v1/passkeys/challenges",
    tags=["Sessions"],
    summary="Begin a sign-in with a passkey",
    response_model=Envelope[PasskeyChallengeOut],
    responses=responses(SignInMethodOff),
)
async def begin_passkey_sign_in(request: Request, services: Services) -> Response:
    """Return what a browser asks any of its passkeys to sign; nothing is kept.

    `options` go as they are into `PublicKeyCredential.parseRequestOptionsFromJSON`; what `toJSON()`
    of the credential returns is the `passkey` of the `proof` for `POST /api/v1/sessions`, together
    with `challenge`. The device has to verify its user.
    """
    begun = await services.factors.begin_passkey_sign_in()
    body = {
        "challenge": begun.challenge,
        "expires_at": instant(begun.expires_at),
        "options": begun.options,
    }
    return answer(request, body, headers={"cache-control": "no-store"})


@router.get(
    "/.well-known/webauthn",
    tags=["Well-known"],
    summary="Related origins of passkeys (WebAuthn)",
    response_model=RelatedOriginsOut,
)
async def read_related_origins(container: Parts) -> Response:
    """Return the origins outside of the passkeys' domain whose pages may use them, too.

    Browsers ask for it at that domain (WebAuthn level 3, section 5.11).
    """
    settings = container.settings()
    return Response(
        orjson.dumps({"origins": settings.passkey_place.related}),
        headers={"cache-control": f"public, max-age={settings.jwks_max_age}"},
        media_type="application/json",
    )
