"""Signing in by mail: asking for the code."""

from fastapi import Depends, Request, Response

from application.factors.methods import SignInMethodOff
from application.mail.request import MAIL_REQUEST
from domain.errors import TooManyRequests, ValidationFailed
from entrypoints.http.edge.answering import answer
from entrypoints.http.edge.answers import Envelope
from entrypoints.http.edge.cookies import give_challenge
from entrypoints.http.edge.dependencies import From, Services, limited
from entrypoints.http.edge.errors import responses
from entrypoints.http.edge.headers import RATE_LIMIT, with_headers
from entrypoints.http.edge.requests import EmailRequest
from entrypoints.http.edge.router import Router
from entrypoints.http.factors.answers import MailedChallengeOut
from entrypoints.representations.formats import instant

router = Router(prefix="/api/v1/sign-in-codes", tags=["Sessions"])


@router.post(
    "",
    status_code=202,
    summary="Ask for a code to sign in with",
    response_model=Envelope[MailedChallengeOut],
    responses=responses(SignInMethodOff, ValidationFailed, TooManyRequests)
    | with_headers(202, *RATE_LIMIT),
    dependencies=[Depends(limited(MAIL_REQUEST))],
)
async def request_sign_in_code(
    request: Request, body: EmailRequest, services: Services, origin: From
) -> Response:
    """Always 202; a mail with eight digits and a link goes out if the address has an account.

    Either counts only together with this `challenge`: `POST /api/v1/sessions` with `challenge` and
    `proof: {"email_code": …}`, or `{"email_token": …}` from the link.
    """
    issued = await services.factors.request_sign_in_code(email=body.email, origin=origin)
    content = {"challenge": issued.token, "expires_at": instant(issued.expires_at)}
    response = answer(request, content, status=202, headers={"cache-control": "no-store"})
    lifetime = services.policies.factors.sign_in_code_ttl
    give_challenge(response, issued.token, int(lifetime.total_seconds()))
    return response
