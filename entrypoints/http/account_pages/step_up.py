"""Showing again who one is, before something that asks for it, and going on from there."""

from fastapi import Request
from starlette.responses import HTMLResponse, Response

from domain.errors import InvalidInput, Violation
from domain.factors.challenge import InvalidChallenge
from domain.factors.factor import InvalidProof
from domain.sessions.refresh_token import RefreshTokenInvalid
from entrypoints.http.account_pages.places import (
    CREDENTIAL,
    CSRF,
    PREFIX,
    PROOFS,
    Goal,
    Place,
    form_of,
)
from entrypoints.http.account_pages.proofs import field_of, proof_in
from entrypoints.http.account_pages.rendering import said_page
from entrypoints.http.account_pages.rendering_sign_in import prove_page
from entrypoints.http.account_pages.texts import ENGLISH
from entrypoints.http.account_pages.visitors import Visitor, for_visitor, signed_in
from entrypoints.http.edge.dependencies import From, Services
from entrypoints.http.edge.router import Router

router = Router(prefix=PREFIX, include_in_schema=False, default_response_class=HTMLResponse)

_KINDS = ("passkey", *PROOFS)


@router.get("/step-up", response_model=str)
async def open_step_up(request: Request, services: Services, origin: From) -> Response:
    """Ask for any proof that the account has."""
    goal = Goal.read(request.query_params)

    async def ask(visitor: Visitor) -> Response:
        return await _step_up_page(services, visitor, goal)

    return await for_visitor(request, services, origin, ask, here=goal)


@router.post("/step-up", response_model=str)
async def step_up(request: Request, services: Services, origin: From) -> Response:
    """Take the proof, and go on to where it was asked for."""
    form = await form_of(Place.STEP_UP, request)
    if form is None:
        return said_page(ENGLISH.unreadable, status=400)
    goal = Goal.read(form)

    async def prove(visitor: Visitor) -> Response:
        field = CREDENTIAL
        try:
            proof = proof_in(form, _KINDS)
            field = field_of(proof)
            if visitor.refresh_token is None:
                raise RefreshTokenInvalid
            grant = await services.factors.step_up(
                principal=visitor.principal,
                refresh_token=visitor.refresh_token,
                proof=proof,
                challenge=form["challenge"] or None,
                origin=origin,
            )
        except InvalidProof as refusal:
            wrong = [Violation(field, refusal.code, refusal.message)]
            return await _step_up_page(services, visitor, goal, status=422, problems=wrong)
        except InvalidChallenge as refusal:
            late = [Violation("", refusal.code, refusal.message)]
            return await _step_up_page(services, visitor, goal, status=400, problems=late)
        except InvalidInput as refusal:
            problems = list(refusal.details)
            return await _step_up_page(services, visitor, goal, status=422, problems=problems)
        return signed_in(grant, goal)

    return await for_visitor(request, services, origin, prove, here=goal, form=form)


async def _step_up_page(
    services: Services,
    visitor: Visitor,
    goal: Goal,
    *,
    status: int = 200,
    problems: list[Violation] | None = None,
) -> Response:
    issued = await services.factors.begin_step_up(principal=visitor.principal)
    shown = [kind for kind in issued.methods if kind in _KINDS]
    if not shown:
        return said_page(ENGLISH.no_way, status=400)
    return prove_page(
        Place.STEP_UP,
        methods=shown,
        options=issued.passkey_options,
        hidden={CSRF: visitor.csrf, **goal.fields, "challenge": issued.token},
        is_signed_in=True,
        status=status,
        problems=problems or [],
    )
