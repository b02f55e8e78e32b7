"""Signing in and out on pages."""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any

from fastapi import Request
from starlette.responses import HTMLResponse, Response

from application.credentials.ports import Busy
from application.factors.methods import SignInMethod
from application.factors.proofs import Proof, ProofKind
from application.factors.sign_in import SIGN_IN, InvalidCredentials, SecondFactorRequired
from application.sessions.token_grants import TokenGrant
from domain.errors import (
    ConcurrentChange,
    DomainError,
    Forbidden,
    InvalidInput,
    LimitExceeded,
    Unavailable,
    Violation,
)
from domain.factors.challenge import InvalidChallenge
from domain.factors.factor import InvalidProof
from domain.sessions.session import EndReason
from entrypoints.http.account_pages.places import (
    CREDENTIAL,
    FIELDS,
    PASSWORD,
    PREFIX,
    REMEMBER,
    Goal,
    Place,
    Said,
    form_of,
    with_query,
)
from entrypoints.http.account_pages.proofs import credential_in, field_of, proof_in
from entrypoints.http.account_pages.rendering import said_page
from entrypoints.http.account_pages.rendering_sign_in import prove_page, sign_in_page
from entrypoints.http.account_pages.state import opened_state, sealed_state
from entrypoints.http.account_pages.texts import ENGLISH
from entrypoints.http.account_pages.visitors import (
    Visitor,
    ensure_ready,
    for_visitor,
    refused_page,
    signed_in,
    to,
    to_sign_in,
)
from entrypoints.http.edge.cookies import DEVICE_COOKIE, cookie, give_device_cookie
from entrypoints.http.edge.csrf import require_own_page
from entrypoints.http.edge.dependencies import From, Services, limited
from entrypoints.http.edge.errors import CsrfFailed, MultipleCredentials, retry_after_of, status_of
from entrypoints.http.edge.router import Router
from entrypoints.http.pages.flows import Form, gaps_in

router = Router(prefix=PREFIX, include_in_schema=False, default_response_class=HTMLResponse)

_UNREADABLE = partial(
    said_page, ENGLISH.unreadable, status=400, goal=Place.SIGN_IN, words=ENGLISH.start_again
)
_admit = limited(SIGN_IN)

type Attempt = Callable[[], Awaitable[TokenGrant]]
"""The use case that signs in, or says what is missing."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Ending:
    """How a page comes (again): with what was wrong, or for how many seconds it cannot be done."""

    status: int = 200
    problems: Sequence[Violation] = ()
    wait: int | None = None

    @classmethod
    def wrong(cls, field: str, refusal: DomainError, *, status: int = 422) -> "Ending":
        """Return that this was wrong."""
        problems = refusal.details or [Violation(field, refusal.code, refusal.message)]
        return cls(status=status, problems=problems)


type Again = Callable[[Ending], Awaitable[Response]]
"""Makes the page anew."""


@router.get("/sign-in", response_model=str)
async def open_sign_in(request: Request, services: Services) -> Response:
    """Ask for address and password, or for a passkey."""
    query, said = request.query_params, None
    if query.get("said") == Said.SIGNED_OUT:
        said = Said.SIGNED_OUT
    return await _sign_in_page(services, {}, Goal.read(query), Ending(), said=said)


@router.post("/sign-in", response_model=str)
async def sign_in(request: Request, services: Services, origin: From) -> Response:
    """Sign in with a password, or ask for a second factor."""
    form = await form_of(Place.SIGN_IN, request)
    if form is None:
        return _UNREADABLE()
    again = partial(_sign_in_page, services, form, Goal.read(form))
    if problems := gaps_in(FIELDS[Place.SIGN_IN], form):
        return await again(Ending(status=422, problems=problems))

    async def attempt() -> TokenGrant:
        return await services.factors.sign_in(
            email=form["email"],
            password=form[PASSWORD.name],
            device_token=cookie(request, DEVICE_COOKIE),
            origin=origin,
        )

    return await enter(request, services, form, attempt, again, field=PASSWORD.name)


@router.post("/passkey-sign-in", response_model=str)
async def sign_in_with_passkey(request: Request, services: Services, origin: From) -> Response:
    """Sign in with a passkey alone."""
    form = await form_of(Place.PASSKEY_SIGN_IN, request)
    if form is None:
        return _UNREADABLE()
    again = partial(_sign_in_page, services, {}, Goal.read(form))

    async def attempt() -> TokenGrant:
        proof = Proof(ProofKind.PASSKEY, credential_in(form[CREDENTIAL]))
        return await services.factors.complete_sign_in(
            challenge=form["challenge"], proof=proof, origin=origin
        )

    return await enter(request, services, form, attempt, again, field=CREDENTIAL)


@router.get("/second-factor", response_model=str)
async def open_second_factor(request: Request) -> Response:
    """Lead to the beginning: this page comes after the password only."""
    return to(with_query(Place.SIGN_IN, Goal.read(request.query_params).fields))


@router.post("/second-factor", response_model=str)
async def sign_in_with_second_factor(
    request: Request, services: Services, origin: From
) -> Response:
    """Complete a sign-in."""
    form = await form_of(Place.SECOND_FACTOR, request)
    state = opened_state(request, Place.SECOND_FACTOR, form["state"]) if form else None
    if form is None or state is None:
        return _UNREADABLE()
    goal = Goal.read(form)

    async def again(how: Ending) -> Response:
        if any(each.code == InvalidChallenge.code for each in how.problems):
            return await _sign_in_page(services, {}, goal, how)
        return _second_factor_page(services, form["state"], state, goal, how)

    try:
        proof = proof_in(form, state["methods"])
    except InvalidInput as refusal:
        return await again(Ending.wrong("", refusal))

    async def attempt() -> TokenGrant:
        return await services.factors.complete_sign_in(
            challenge=state["token"],
            proof=proof,
            device_token=cookie(request, DEVICE_COOKIE),
            remember_device=bool(form[REMEMBER]),
            origin=origin,
        )

    return await enter(request, services, form, attempt, again, field=field_of(proof))


@router.post("/sign-out", response_model=str)
async def sign_out(request: Request, services: Services, origin: From) -> Response:
    """End the session, and take its cookies back."""
    form = await form_of(Place.SIGN_OUT, request)
    if form is None:
        return said_page(ENGLISH.unreadable, status=400)

    async def leave(visitor: Visitor) -> Response:
        await services.sessions.end(
            principal=visitor.principal,
            session_id=visitor.caller.session.id,
            reason=EndReason.SIGNED_OUT,
            origin=origin,
        )
        answer = to_sign_in(request, Goal())
        answer.headers["location"] = with_query(Place.SIGN_IN, {"said": Said.SIGNED_OUT})
        return answer

    return await for_visitor(request, services, origin, leave, here=Goal(), form=form)


async def enter(
    request: Request,
    services: Services,
    form: Form,
    attempt: Attempt,
    again: Again,
    *,
    field: str,
) -> Response:
    """Make a session, or say in words what is wrong or missing; nothing is told apart (EN-1)."""
    goal = Goal.read(form)
    try:
        require_own_page(request)
        ensure_ready(services)
        await _admit(request)
        grant = await attempt()
        answer = signed_in(grant, goal)
        if grant.device is not None:
            seconds = services.policies.factors.trusted_device_seconds
            give_device_cookie(answer, grant.device.token, seconds)
        return answer
    except SecondFactorRequired as refusal:
        return ask_for_more(request, services, refusal, goal)
    except (CsrfFailed, MultipleCredentials) as refusal:
        return refused_page(refusal, here=Place.SIGN_IN)
    except (InvalidCredentials, InvalidProof, InvalidInput) as refusal:
        return await again(Ending.wrong(field, refusal))
    except (InvalidChallenge, Forbidden) as refusal:
        return await again(Ending.wrong("", refusal, status=status_of(refusal)))
    except (Busy, ConcurrentChange, LimitExceeded, Unavailable) as refusal:
        status = status_of(refusal)
        return await again(Ending(status=status, wait=retry_after_of(refusal, status) or 1))


def ask_for_more(
    request: Request, services: Services, refusal: SecondFactorRequired, goal: Goal
) -> Response:
    """Return the page that takes a second factor, with what was shown sealed in its form."""
    issued = refusal.challenge
    if issued is None:
        return _UNREADABLE()
    state: Mapping[str, Any] = {
        "token": issued.token,
        "methods": list(issued.methods),
        "options": issued.passkey_options,
    }
    sealed = sealed_state(request, Place.SECOND_FACTOR, state)
    return _second_factor_page(services, sealed, state, goal, Ending())


def _second_factor_page(
    services: Services, sealed: str, state: Mapping[str, Any], goal: Goal, how: Ending
) -> Response:
    return prove_page(
        Place.SECOND_FACTOR,
        methods=state["methods"],
        options=state["options"],
        may_remember=services.policies.factors.trusted_device_seconds > 0,
        hidden={**goal.fields, "state": sealed},
        status=how.status,
        problems=how.problems,
        wait=how.wait,
    )


async def _sign_in_page(
    services: Services, form: Form, goal: Goal, how: Ending, *, said: Said | None = None
) -> Response:
    try:
        begun = await services.factors.begin_passkey_sign_in()
        passkey = (begun.challenge, begun.options)
    except (Forbidden, Unavailable):
        passkey = None
    methods = services.policies.factors.methods.on
    return sign_in_page(
        form,
        goal=goal,
        passkey=passkey,
        has_password=SignInMethod.PASSWORD in methods,
        has_mail=SignInMethod.EMAIL in methods,
        status=how.status,
        problems=how.problems,
        said=said,
        wait=how.wait,
    )
