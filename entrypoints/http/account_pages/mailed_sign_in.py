"""The page behind a mailed link to sign in.

It signs in only the browser that asked, which has the challenge in a cookie. Everybody else, a
scanner that follows links and presses buttons too, sees the code that is to be typed where it was
asked for, and gets nothing.
"""

import re
from typing import Final

from fastapi import Request
from starlette.responses import HTMLResponse, Response

from application.factors.proofs import Proof, ProofKind
from application.factors.sign_in import SIGN_IN, SecondFactorRequired
from domain.errors import DomainError
from domain.mail.code import code_of
from entrypoints.http.account_pages.places import PREFIX, Goal, Place, form_of, with_query
from entrypoints.http.account_pages.rendering import said_page
from entrypoints.http.account_pages.rendering_sign_in import mailed_sign_in_page
from entrypoints.http.account_pages.sign_in import ask_for_more
from entrypoints.http.account_pages.texts import ENGLISH
from entrypoints.http.account_pages.visitors import ensure_ready, refused_page, signed_in, to
from entrypoints.http.edge.cookies import CHALLENGE_COOKIE, cookie, take_challenge_back
from entrypoints.http.edge.csrf import require_own_page
from entrypoints.http.edge.dependencies import From, Services, limited
from entrypoints.http.edge.parameters import TOKEN_INPUT
from entrypoints.http.edge.router import Router
from entrypoints.http.pages.flows import TOKEN
from entrypoints.http.pages.rendering import notice_page
from entrypoints.http.pages.texts import Notice

router = Router(include_in_schema=False, default_response_class=HTMLResponse)

_admit = limited(SIGN_IN)
_OPEN: Final = ["GET", "HEAD"]
_TOKEN: Final = re.compile(rf"[A-Za-z0-9_-]{{1,{TOKEN_INPUT}}}")


@router.api_route("/sign-in", methods=_OPEN, response_model=str)
async def follow_link(request: Request) -> Response:
    """Lead to the page, among those of the account."""
    token = _token_in(request)
    if token is None:
        return notice_page(ENGLISH.no_link, status=400)
    return to(f"{PREFIX.removeprefix('/')}/{Place.MAILED_SIGN_IN}?{TOKEN}={token}")


@router.api_route(f"{PREFIX}/mailed-sign-in", methods=_OPEN, response_model=str)
async def open_mailed_sign_in(request: Request) -> Response:
    """Ask to press the button, in the browser that asked; show the code in any other."""
    token = _token_in(request)
    if token is None:
        return notice_page(ENGLISH.no_link, status=400)
    if cookie(request, CHALLENGE_COOKIE) is None:
        return notice_page(_code_shown(token))
    return mailed_sign_in_page(token)


@router.post(f"{PREFIX}/mailed-sign-in", response_model=str)
async def sign_in_by_link(request: Request, services: Services, origin: From) -> Response:
    """Sign in, in the browser that asked; lead any other back to the code."""
    form = await form_of(Place.MAILED_SIGN_IN, request)
    if form is None or not _TOKEN.fullmatch(form[TOKEN]):
        return said_page(ENGLISH.unreadable, status=400, goal=Place.SIGN_IN)
    challenge = cookie(request, CHALLENGE_COOKIE)
    proof = Proof(ProofKind.EMAIL_TOKEN, form[TOKEN])
    try:
        require_own_page(request)
        if challenge is None:
            return to(with_query(Place.MAILED_SIGN_IN, {TOKEN: form[TOKEN]}))
        ensure_ready(services)
        await _admit(request)
        grant = await services.factors.complete_sign_in(
            challenge=challenge, proof=proof, origin=origin
        )
    except SecondFactorRequired as refusal:
        answer = ask_for_more(request, services, refusal, Goal())
    except DomainError as refusal:
        return refused_page(refusal, here=Place.SIGN_IN)
    else:
        answer = signed_in(grant, Goal())
    take_challenge_back(answer)
    return answer


def _token_in(request: Request) -> str | None:
    # What else a mail program hangs onto the link is no business of ours.
    tokens = request.query_params.getlist(TOKEN)
    return tokens[0] if len(tokens) == 1 and _TOKEN.fullmatch(tokens[0]) else None


def _code_shown(token: str) -> Notice:
    notice = ENGLISH.code_here
    return Notice(notice.title, (*notice.paragraphs, code_of(token)))
