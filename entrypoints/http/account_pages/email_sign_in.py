"""Asking for a mailed code and link, and typing the code.

The browser that asks keeps the challenge in a cookie: with it the code counts here, and the link in
any of its windows. Every address is answered alike (EN-1).
"""

from functools import partial

from fastapi import Request
from starlette.responses import HTMLResponse, Response

from application.factors.methods import SignInMethod, SignInMethodOff
from application.factors.proofs import Proof, ProofKind
from application.mail.request import MAIL_REQUEST
from application.sessions.token_grants import TokenGrant
from domain.errors import DomainError, LimitExceeded, Unavailable, ValidationFailed
from domain.factors.challenge import InvalidChallenge
from entrypoints.http.account_pages.places import (
    FIELDS,
    MAILBOX,
    PREFIX,
    SIGN_IN_CODE,
    Goal,
    Place,
    form_of,
    with_query,
)
from entrypoints.http.account_pages.proofs import code_in
from entrypoints.http.account_pages.rendering import said_page
from entrypoints.http.account_pages.rendering_sign_in import email_sign_in_page, mailed_code_page
from entrypoints.http.account_pages.sign_in import Ending, enter
from entrypoints.http.account_pages.texts import ENGLISH
from entrypoints.http.account_pages.visitors import ensure_ready, refused_page, to
from entrypoints.http.edge.cookies import (
    CHALLENGE_COOKIE,
    DEVICE_COOKIE,
    cookie,
    give_challenge,
    take_challenge_back,
)
from entrypoints.http.edge.csrf import require_own_page
from entrypoints.http.edge.dependencies import From, Services, limited
from entrypoints.http.edge.errors import MultipleCredentials, retry_after_of, status_of
from entrypoints.http.edge.router import Router
from entrypoints.http.pages.flows import gaps_in

router = Router(prefix=PREFIX, include_in_schema=False, default_response_class=HTMLResponse)

_UNREADABLE = partial(
    said_page, ENGLISH.unreadable, status=400, goal=Place.SIGN_IN, words=ENGLISH.start_again
)
_admit = limited(MAIL_REQUEST)


@router.get("/email-sign-in", response_model=str)
async def open_email_sign_in(request: Request, services: Services) -> Response:
    """Ask where the code is to be mailed."""
    try:
        services.policies.factors.methods.ensure_on(SignInMethod.EMAIL)
    except SignInMethodOff as refusal:
        return refused_page(refusal, here=Place.SIGN_IN)
    return email_sign_in_page({}, goal=Goal.read(request.query_params))


@router.post("/email-sign-in", response_model=str)
async def ask_for_code(request: Request, services: Services, origin: From) -> Response:
    """Have the mail sent, if there is an account, and lead to where its code is typed."""
    form = await form_of(Place.EMAIL_SIGN_IN, request)
    if form is None:
        return _UNREADABLE()
    goal = Goal.read(form)
    again = partial(email_sign_in_page, form, goal=goal)
    try:
        require_own_page(request)
        if problems := gaps_in(FIELDS[Place.EMAIL_SIGN_IN], form):
            raise ValidationFailed(details=problems)
        ensure_ready(services)
        await _admit(request)
        issued = await services.factors.request_sign_in_code(
            email=form[MAILBOX.name], origin=origin
        )
    except ValidationFailed as refusal:
        return again(status=422, problems=refusal.details)
    except (LimitExceeded, Unavailable) as refusal:
        status = status_of(refusal)
        return again(status=status, wait=retry_after_of(refusal, status) or 1)
    except DomainError as refusal:
        return refused_page(refusal, here=Place.SIGN_IN)
    answer = to(with_query(Place.MAILED_CODE, goal.fields))
    lifetime = services.policies.factors.sign_in_code_ttl
    give_challenge(answer, issued.token, int(lifetime.total_seconds()))
    return answer


@router.get("/mailed-code", response_model=str)
async def open_mailed_code(request: Request) -> Response:
    """Ask for the code, in the browser that asked; lead any other back to asking."""
    goal = Goal.read(request.query_params)
    try:
        challenge = cookie(request, CHALLENGE_COOKIE)
    except MultipleCredentials as refusal:
        return refused_page(refusal, here=Place.SIGN_IN)
    if challenge is None:
        return to(with_query(Place.EMAIL_SIGN_IN, goal.fields))
    return mailed_code_page(goal=goal)


@router.post("/mailed-code", response_model=str)
async def sign_in_by_code(request: Request, services: Services, origin: From) -> Response:
    """Sign in with the mailed code; a wrong one can be mended, a challenge that is over cannot."""
    form = await form_of(Place.MAILED_CODE, request)
    if form is None:
        return _UNREADABLE()
    goal = Goal.read(form)

    async def again(how: Ending) -> Response:
        is_over = any(each.code == InvalidChallenge.code for each in how.problems)
        page = partial(email_sign_in_page, {}) if is_over else mailed_code_page
        return page(goal=goal, status=how.status, problems=how.problems, wait=how.wait)

    if problems := gaps_in(FIELDS[Place.MAILED_CODE], form):
        return await again(Ending(status=422, problems=problems))

    async def attempt() -> TokenGrant:
        challenge = cookie(request, CHALLENGE_COOKIE)
        if challenge is None:
            raise InvalidChallenge
        return await services.factors.complete_sign_in(
            challenge=challenge,
            proof=Proof(ProofKind.EMAIL_CODE, code_in(form[SIGN_IN_CODE.name])),
            device_token=cookie(request, DEVICE_COOKIE),
            origin=origin,
        )

    answer = await enter(request, services, form, attempt, again, field=SIGN_IN_CODE.name)
    if answer.status_code < 400:  # signed in, or asked for a second factor: the code was right
        take_challenge_back(answer)
    return answer
