"""Adding an authenticator app and passkeys, and new recovery codes."""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from fastapi import Request
from starlette.responses import HTMLResponse, Response

from application.factors.enrolment import Enrolled
from domain.errors import ValidationFailed, Violation
from domain.factors.challenge import InvalidChallenge
from domain.factors.factor import FactorNotFound, InvalidProof, is_second
from domain.origin import Origin
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
from entrypoints.http.edge.router import Router
from entrypoints.http.factors.qr_code import qr_svg
from entrypoints.http.pages.flows import Form, gaps_in
from entrypoints.representations.factors import otpauth_uri

router = Router(prefix=PREFIX, include_in_schema=False, default_response_class=HTMLResponse)


@dataclass(frozen=True, slots=True)
class Asked:
    """What one request is about: by whom, and where from."""

    request: Request
    services: Services
    origin: Origin
    visitor: Visitor

    @property
    def wakes_a_role(self) -> bool:
        """Whether a factor takes a mailed code as well, and so begins with a button (MF-2)."""
        principal = self.visitor.principal
        return bool(principal.dormant) and not principal.has_second_factor


@dataclass(frozen=True, slots=True)
class Enrolment:
    """How one kind of factor is added.

    ``begin`` returns what its page shows and its form brings back, ``add`` takes what was filled
    in, and ``page`` shows all of it.
    """

    place: Place
    begin: Callable[[Asked], Awaitable[dict[str, Any]]]
    add: Callable[[Asked, Form, Mapping[str, Any]], Awaitable[Enrolled]]
    page: Callable[..., Response]


async def _begin_app(asked: Asked) -> dict[str, Any]:
    begun = await asked.services.factors.begin_totp(principal=asked.visitor.principal)
    return {
        "enrolment": begun.enrolment,
        "secret": begun.secret,
        "uri": otpauth_uri(begun),
        "expires": begun.expires_at.timestamp(),
    }


async def _add_app(asked: Asked, form: Form, facts: Mapping[str, Any]) -> Enrolled:
    return await asked.services.factors.confirm_totp(
        principal=asked.visitor.principal,
        enrolment=facts["enrolment"],
        code=code_in(form[CODE.name]),
        name=form[NAME.name],
        email_code=_mailed_code(form),
        origin=asked.origin,
    )


def _app_page(form: Form, facts: Mapping[str, Any], **shown: Any) -> Response:
    return app_page(form, secret=facts["secret"], qr_svg=qr_svg(facts["uri"]), **shown)


async def _begin_passkey(asked: Asked) -> dict[str, Any]:
    begun = await asked.services.factors.begin_passkey(principal=asked.visitor.principal)
    return {
        "enrolment": begun.enrolment,
        "options": begun.options,
        "expires": begun.expires_at.timestamp(),
    }


async def _add_passkey(asked: Asked, form: Form, facts: Mapping[str, Any]) -> Enrolled:
    return await asked.services.factors.confirm_passkey(
        principal=asked.visitor.principal,
        enrolment=facts["enrolment"],
        credential=credential_in(form[CREDENTIAL]),
        name=form[NAME.name],
        email_code=_mailed_code(form),
        origin=asked.origin,
    )


def _passkey_page(form: Form, facts: Mapping[str, Any], **shown: Any) -> Response:
    return passkey_page(form, options=facts["options"], **shown)


_APP = Enrolment(Place.AUTHENTICATOR_APP, _begin_app, _add_app, _app_page)
_PASSKEY = Enrolment(Place.PASSKEY, _begin_passkey, _add_passkey, _passkey_page)


@router.get("/authenticator-app", response_model=str)
async def open_authenticator_app(request: Request, services: Services, origin: From) -> Response:
    """Show a new secret, as a QR code and as text; nothing is kept of it."""
    return await _open(_APP, request, services, origin)


@router.post("/authenticator-app", response_model=str)
async def add_authenticator_app(request: Request, services: Services, origin: From) -> Response:
    """Add the app, once it shows the right code; without a state, begin."""
    return await _add(_APP, request, services, origin)


@router.get("/passkey", response_model=str)
async def open_passkey(request: Request, services: Services, origin: From) -> Response:
    """Ask the browser for a passkey; nothing is kept before it has made one."""
    return await _open(_PASSKEY, request, services, origin)


@router.post("/passkey", response_model=str)
async def add_passkey(request: Request, services: Services, origin: From) -> Response:
    """Add the passkey that the browser has made; without a state, begin."""
    return await _add(_PASSKEY, request, services, origin)


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


async def _open(
    enrolment: Enrolment, request: Request, services: Services, origin: Origin
) -> Response:
    """Begin, or ask before a code is mailed."""

    async def begin(visitor: Visitor) -> Response:
        asked = Asked(request, services, origin, visitor)
        if asked.wakes_a_role:
            services.kernel.freshness.ensure(visitor.principal)
            return mail_first_page(enrolment.place, csrf=visitor.csrf)
        return await _begun(enrolment, asked)

    return await for_visitor(request, services, origin, begin, here=Goal(enrolment.place))


async def _add(
    enrolment: Enrolment, request: Request, services: Services, origin: Origin
) -> Response:
    """Add the factor, or show its page again with what is wrong; without a state, begin."""
    place = enrolment.place
    form = await form_of(place, request)
    facts = opened_state(request, place, form["state"]) if form and form["state"] else None
    if form is None or (form["state"] and facts is None):
        return said_page(ENGLISH.unreadable, status=400)

    async def confirm(visitor: Visitor) -> Response:
        asked = Asked(request, services, origin, visitor)
        if facts is None:
            return await _begun(enrolment, asked)
        _ensure_own(asked, facts)
        try:
            _ensure_filled_in(place, form)
            enrolled = await enrolment.add(asked, form, facts)
        except (ValidationFailed, InvalidProof) as refusal:
            problems = _problems(refusal)
            return _shown(
                enrolment, asked, facts, form["state"], form=form, status=422, problems=problems
            )
        return _added(visitor, enrolled)

    return await for_visitor(request, services, origin, confirm, here=Goal(place), form=form)


async def _begun(enrolment: Enrolment, asked: Asked) -> Response:
    facts = {
        **await enrolment.begin(asked),
        "has_mailed": asked.wakes_a_role,
        "session": str(asked.visitor.caller.session.id),
    }
    return _shown(enrolment, asked, facts, sealed_state(asked.request, enrolment.place, facts))


def _ensure_own(asked: Asked, facts: Mapping[str, Any]) -> None:
    """Raise InvalidChallenge for what was sealed for another session, or is old.

    What is sealed is shown again beside what was wrong, and it is a secret: only where it was
    shown, and as long as it can be confirmed (AT-5).
    """
    now = asked.services.kernel.clock.now().timestamp()
    if facts.get("session") != str(asked.visitor.caller.session.id) or now >= facts["expires"]:
        raise InvalidChallenge


def _shown(
    enrolment: Enrolment,
    asked: Asked,
    facts: Mapping[str, Any],
    state: str,
    *,
    form: Form | None = None,
    status: int = 200,
    problems: Sequence[Violation] = (),
) -> Response:
    # A code that was wrong is of no use any more.
    kept = {NAME.name: form[NAME.name]} if form else {}
    return enrolment.page(
        kept,
        facts,
        state=state,
        csrf=asked.visitor.csrf,
        has_mailed=facts["has_mailed"],
        status=status,
        problems=problems,
    )


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
