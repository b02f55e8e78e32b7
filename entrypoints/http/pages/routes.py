"""The pages behind mailed links: for anyone who holds the secret of one.

Opening a page looks nothing up and changes nothing, since mail scanners open links too; only
its button does, which sends the secret in a form (AT-1).
"""

from collections.abc import Awaitable, Callable
from functools import partial
from typing import Final

from fastapi import Request
from starlette.responses import HTMLResponse, Response

from domain.errors import (
    ConcurrentChange,
    InvalidInput,
    InvalidSecret,
    LimitExceeded,
    ServiceUnavailable,
    Unavailable,
)
from domain.users.user import EmailAlreadyRegistered
from entrypoints.http.edge.dependencies import From, Services
from entrypoints.http.edge.errors import RouteNotFound, error_response, retry_after_of, status_of
from entrypoints.http.edge.parameters import TOKEN_INPUT
from entrypoints.http.edge.router import Router
from entrypoints.http.pages.flows import TOKEN, Flow, Form, problems_in, read_form
from entrypoints.http.pages.rendering import asset, form_page, notice_page
from entrypoints.http.pages.texts import ENGLISH, Notice
from entrypoints.http.room import Room

router = Router(include_in_schema=False, default_response_class=HTMLResponse)

FORM_PATHS: Final = frozenset(f"/{flow}" for flow in Flow)
"""Where a form is sent instead of JSON."""

_OPEN: Final = ["GET", "HEAD"]


@router.api_route("/verify-email", methods=_OPEN, response_model=str)
async def open_email_verification(request: Request, services: Services) -> Response:
    """Ask to press the button."""
    return _ask(Flow.VERIFY_EMAIL, request, services.policies.credentials.passwords.min_length)


@router.post("/verify-email", response_model=str)
async def verify_email(request: Request, services: Services, origin: From) -> Response:
    """Prove the address."""

    async def spend(form: Form) -> Notice:
        verified = await services.accounts.confirm_email(token=form[TOKEN], origin=origin)
        if verified.password_reset_required:
            return ENGLISH.password_needed
        return ENGLISH.flows[Flow.VERIFY_EMAIL].done

    return await _press(Flow.VERIFY_EMAIL, request, services, spend)


@router.api_route("/reset-password", methods=_OPEN, response_model=str)
async def open_password_reset(request: Request, services: Services) -> Response:
    """Ask for the new password, twice."""
    return _ask(Flow.RESET_PASSWORD, request, services.policies.credentials.passwords.min_length)


@router.post("/reset-password", response_model=str)
async def reset_password(request: Request, services: Services, origin: From) -> Response:
    """Set the new password."""

    async def spend(form: Form) -> Notice:
        await services.credentials.reset_password(
            token=form[TOKEN], new_password=form["new_password"], origin=origin
        )
        return ENGLISH.flows[Flow.RESET_PASSWORD].done

    return await _press(Flow.RESET_PASSWORD, request, services, spend)


@router.api_route("/confirm-email-change", methods=_OPEN, response_model=str)
async def open_email_change(request: Request, services: Services) -> Response:
    """Ask to press the button."""
    return _ask(
        Flow.CONFIRM_EMAIL_CHANGE, request, services.policies.credentials.passwords.min_length
    )


@router.post("/confirm-email-change", response_model=str)
async def confirm_email_change(request: Request, services: Services, origin: From) -> Response:
    """Change the address."""

    async def spend(form: Form) -> Notice:
        await services.accounts.confirm_email_change(token=form[TOKEN], origin=origin)
        return ENGLISH.flows[Flow.CONFIRM_EMAIL_CHANGE].done

    return await _press(Flow.CONFIRM_EMAIL_CHANGE, request, services, spend)


@router.api_route("/accept-invitation", methods=_OPEN, response_model=str)
async def open_invitation(request: Request, services: Services) -> Response:
    """Ask for a name and a password."""
    return _ask(Flow.ACCEPT_INVITATION, request, services.policies.credentials.passwords.min_length)


@router.post("/accept-invitation", response_model=str)
async def accept_invitation(request: Request, services: Services, origin: From) -> Response:
    """Make the account."""

    async def spend(form: Form) -> Notice:
        await services.accounts.accept_invitation(
            token=form[TOKEN],
            password=form["password"],
            display_name=form["display_name"] or None,
            origin=origin,
        )
        return ENGLISH.flows[Flow.ACCEPT_INVITATION].done

    return await _press(Flow.ACCEPT_INVITATION, request, services, spend)


@router.api_route("/undo-factor", methods=_OPEN, response_model=str)
async def open_undo(request: Request, services: Services) -> Response:
    """Ask to press the button."""
    return _ask(Flow.UNDO_FACTOR, request, services.policies.credentials.passwords.min_length)


@router.post("/undo-factor", response_model=str)
async def undo_factor(request: Request, services: Services, origin: From) -> Response:
    """Take the first factor away, and all that came after it."""

    async def spend(form: Form) -> Notice:
        await services.factors.undo_first(token=form[TOKEN], origin=origin)
        return ENGLISH.flows[Flow.UNDO_FACTOR].done

    return await _press(Flow.UNDO_FACTOR, request, services, spend)


@router.api_route("/assets/{name}", methods=_OPEN, response_model=str)
async def page_asset(request: Request, name: str) -> Response:
    """Return what the pages load: a style sheet and an icon."""
    return asset(name) or error_response(RouteNotFound(), request.scope)


def _ask(flow: Flow, request: Request, minimum: int) -> Response:
    # What else a mail program hangs onto the link is no business of ours.
    tokens = request.query_params.getlist(TOKEN)
    if len(tokens) != 1 or not 0 < len(tokens[0]) <= TOKEN_INPUT:
        return notice_page(ENGLISH.flows[flow].refused, status=400)
    return form_page(flow, {TOKEN: tokens[0]}, minimum=minimum)


type Spend = Callable[[Form], Awaitable[Notice]]
"""The use case of a page; returns what to say when it is done."""


async def _press(flow: Flow, request: Request, services: Services, spend: Spend) -> Response:
    """Read the form, call the use case, and say in words how it ended."""
    form = read_form(flow, await request.body())
    if form is None:
        return notice_page(ENGLISH.unreadable, status=400)
    refused = ENGLISH.flows[flow].refused
    if not 0 < len(form[TOKEN]) <= TOKEN_INPUT:
        return notice_page(refused, status=400)
    again = partial(
        form_page, flow, form, minimum=services.policies.credentials.passwords.min_length
    )
    if problems := problems_in(flow, form):
        return again(status=422, problems=problems)
    try:
        if not services.keys.keyring.is_loaded:  # nor is the schema known to be right (DB-5)
            raise ServiceUnavailable
        return notice_page(await spend(form))
    except InvalidSecret:
        return notice_page(refused, status=400)
    except InvalidInput as refusal:
        return again(status=422, problems=refusal.details)
    except EmailAlreadyRegistered:
        return notice_page(ENGLISH.taken, status=409)
    except (ConcurrentChange, LimitExceeded, Unavailable) as refusal:
        status = status_of(refusal)
        return again(status=status, wait=retry_after_of(refusal, status) or 1)


ROOM = Room(
    routers=(router,),
    public=frozenset(
        {
            *((method, path) for path in FORM_PATHS for method in ("GET", "HEAD", "POST")),
            ("GET", "/assets/{name}"),
            ("HEAD", "/assets/{name}"),
        }
    ),
)
