"""Adding an authenticator app and passkeys, and new recovery codes."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from functools import partial
from typing import Any

from fastapi import APIRouter, Request
from starlette.responses import HTMLResponse, Response

from application.factors.enrolment import Enrolled
from domain.errors import ValidationFailed, Violation
from domain.factors.factor import FactorNotFound, InvalidProof, is_second
from entrypoints.http.account_pages.places import (
    CODE,
    CREDENTIAL,
    FIELDS,
    MAILED_CODE,
    NAME,
    PREFIX,
    Goal,
    Place,
    Said,
    form_of,
    with_query,
)
from entrypoints.http.account_pages.proofs import code_in, credential_in
from entrypoints.http.account_pages.rendering import (
    app_page,
    change_page,
    codes_page,
    mail_first_page,
    passkey_page,
    said_page,
)
from entrypoints.http.account_pages.state import opened_state, sealed_state
from entrypoints.http.account_pages.texts import ENGLISH
from entrypoints.http.account_pages.visitors import Visitor, for_visitor, to
from entrypoints.http.edge.dependencies import From, Services
from entrypoints.http.factors.qr_code import qr_svg
from entrypoints.http.pages.flows import Form, gaps_in
from entrypoints.representations.factors import otpauth_uri

router = APIRouter(prefix=PREFIX, include_in_schema=False, default_response_class=HTMLResponse)


@router.get("/authenticator-app", response_model=str)
async def open_authenticator_app(request: Request, services: Services, origin: From) -> Response:
    """Show a new secret, as a QR code and as text; nothing is kept of it."""

    async def begin(visitor: Visitor) -> Response:
        if _wakes_a_role(visitor):
            services.kernel.freshness.ensure(visitor.principal)
            return mail_first_page(Place.AUTHENTICATOR_APP, csrf=visitor.csrf)
        return await _begin_app(request, services, visitor)

    here = Goal(Place.AUTHENTICATOR_APP)
    return await for_visitor(request, services, origin, begin, here=here)


@router.post("/authenticator-app", response_model=str)
async def add_authenticator_app(request: Request, services: Services, origin: From) -> Response:
    """Add the app, once it shows the right code; without a state, begin."""
    place = Place.AUTHENTICATOR_APP
    form = await form_of(place, request)
    facts = opened_state(request, place, form["state"]) if form and form["state"] else None
    if form is None or (form["state"] and facts is None):
        return said_page(ENGLISH.unreadable, status=400)

    async def confirm(visitor: Visitor) -> Response:
        if facts is None:
            return await _begin_app(request, services, visitor)
        try:
            _ensure_filled_in(place, form)
            enrolled = await services.factors.confirm_totp(
                principal=visitor.principal,
                enrolment=facts["enrolment"],
                code=code_in(form[CODE.name]),
                name=form[NAME.name],
                email_code=_mailed_code(form),
                origin=origin,
            )
        except (ValidationFailed, InvalidProof) as refusal:
            again = partial(_app_page, visitor, form, form["state"], facts)
            return again(status=422, problems=_problems(refusal))
        return _added(visitor, enrolled)

    return await for_visitor(request, services, origin, confirm, here=Goal(place), form=form)


@router.get("/passkey", response_model=str)
async def open_passkey(request: Request, services: Services, origin: From) -> Response:
    """Ask the browser for a passkey; nothing is kept before it has made one."""

    async def begin(visitor: Visitor) -> Response:
        if _wakes_a_role(visitor):
            services.kernel.freshness.ensure(visitor.principal)
            return mail_first_page(Place.PASSKEY, csrf=visitor.csrf)
        return await _begin_passkey(request, services, visitor)

    return await for_visitor(request, services, origin, begin, here=Goal(Place.PASSKEY))


@router.post("/passkey", response_model=str)
async def add_passkey(request: Request, services: Services, origin: From) -> Response:
    """Add the passkey that the browser has made; without a state, begin."""
    place = Place.PASSKEY
    form = await form_of(place, request)
    facts = opened_state(request, place, form["state"]) if form and form["state"] else None
    if form is None or (form["state"] and facts is None):
        return said_page(ENGLISH.unreadable, status=400)

    async def confirm(visitor: Visitor) -> Response:
        if facts is None:
            return await _begin_passkey(request, services, visitor)
        try:
            _ensure_filled_in(place, form)
            enrolled = await services.factors.confirm_passkey(
                principal=visitor.principal,
                enrolment=facts["enrolment"],
                credential=credential_in(form[CREDENTIAL]),
                name=form[NAME.name],
                email_code=_mailed_code(form),
                origin=origin,
            )
        except (ValidationFailed, InvalidProof) as refusal:
            again = partial(_passkey_page, visitor, form, form["state"], facts)
            return again(status=422, problems=_problems(refusal))
        return _added(visitor, enrolled)

    return await for_visitor(request, services, origin, confirm, here=Goal(place), form=form)


@router.get("/recovery-codes", response_model=str)
async def open_recovery_codes(request: Request, services: Services, origin: From) -> Response:
    """Ask before the older codes become void."""

    async def ask(visitor: Visitor) -> Response:
        services.kernel.freshness.ensure(visitor.principal)
        factors = await services.factors.list(principal=visitor.principal)
        if not any(is_second(each.factor) for each in factors):
            raise FactorNotFound
        return change_page(Place.RECOVERY_CODES, {}, csrf=visitor.csrf)

    return await for_visitor(request, services, origin, ask, here=Goal(Place.RECOVERY_CODES))


@router.post("/recovery-codes", response_model=str)
async def renew_recovery_codes(request: Request, services: Services, origin: From) -> Response:
    """Show ten new codes, this once."""
    form = await form_of(Place.RECOVERY_CODES, request)
    if form is None:
        return said_page(ENGLISH.unreadable, status=400)

    async def renew(visitor: Visitor) -> Response:
        codes = await services.factors.renew_recovery_codes(
            principal=visitor.principal, origin=origin
        )
        return codes_page(codes, email=visitor.email)

    here = Goal(Place.RECOVERY_CODES)
    return await for_visitor(request, services, origin, renew, here=here, form=form)


def _wakes_a_role(visitor: Visitor) -> bool:
    """Tell whether a factor takes a mailed code as well, and so begins with a button (MF-2)."""
    principal = visitor.principal
    return bool(principal.dormant) and not principal.has_second_factor


def _mailed_code(form: Form) -> str | None:
    return code_in(form[MAILED_CODE.name]) or None


def _ensure_filled_in(place: Place, form: Form) -> None:
    # Whether a mailed code is needed, the use case knows.
    if problems := gaps_in([*FIELDS[place], replace(MAILED_CODE, required=False)], form):
        raise ValidationFailed(details=problems)


def _problems(refusal: ValidationFailed | InvalidProof) -> Sequence[Violation]:
    wrong = Violation(MAILED_CODE.name, refusal.code, refusal.message)
    return refusal.details or [wrong]


def _added(visitor: Visitor, enrolled: Enrolled) -> Response:
    if enrolled.recovery_codes is not None:
        return codes_page(enrolled.recovery_codes, email=visitor.email)
    return to(with_query(Place.SECURITY, {"said": Said.ADDED}))


async def _begin_app(request: Request, services: Services, visitor: Visitor) -> Response:
    begun = await services.factors.begin_totp(principal=visitor.principal)
    facts = {
        "enrolment": begun.enrolment,
        "secret": begun.secret,
        "uri": otpauth_uri(begun),
        "has_mailed": _wakes_a_role(visitor),
    }
    state = sealed_state(request, Place.AUTHENTICATOR_APP, facts)
    return _app_page(visitor, {}, state, facts)


async def _begin_passkey(request: Request, services: Services, visitor: Visitor) -> Response:
    begun = await services.factors.begin_passkey(principal=visitor.principal)
    facts = {
        "enrolment": begun.enrolment,
        "options": begun.options,
        "has_mailed": _wakes_a_role(visitor),
    }
    state = sealed_state(request, Place.PASSKEY, facts)
    return _passkey_page(visitor, {}, state, facts)


def _app_page(
    visitor: Visitor,
    form: Form,
    state: str,
    facts: Mapping[str, Any],
    *,
    status: int = 200,
    problems: Sequence[Violation] = (),
) -> Response:
    return app_page(
        # A code that was wrong is of no use any more.
        {NAME.name: form.get(NAME.name, "")},
        state=state,
        secret=facts["secret"],
        qr_svg=qr_svg(facts["uri"]),
        csrf=visitor.csrf,
        has_mailed=facts["has_mailed"],
        status=status,
        problems=problems,
    )


def _passkey_page(
    visitor: Visitor,
    form: Form,
    state: str,
    facts: Mapping[str, Any],
    *,
    status: int = 200,
    problems: Sequence[Violation] = (),
) -> Response:
    return passkey_page(
        {NAME.name: form.get(NAME.name, "")},
        state=state,
        options=facts["options"],
        csrf=visitor.csrf,
        has_mailed=facts["has_mailed"],
        status=status,
        problems=problems,
    )
