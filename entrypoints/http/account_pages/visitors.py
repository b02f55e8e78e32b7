"""Who looks at a page: by cookies alone, which are renewed on the way where they have run out.

A form proves besides that it is of a page of ours (SE-6), before anything is renewed or changed.
"""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass

from fastapi import Request
from starlette.responses import Response

from application.keys.ports import AccessTokenExpired, AccessTokenInvalid
from application.service import Service, ServiceUnit
from application.sessions.authentication import Caller
from application.sessions.token_grants import TokenGrant
from domain.assurance import StepUpRequired
from domain.errors import (
    ConcurrentChange,
    DomainError,
    LimitExceeded,
    NotAuthenticated,
    ServiceUnavailable,
    Unavailable,
)
from domain.identifiers import SessionId
from domain.origin import Origin
from domain.principal import Principal
from domain.sessions.refresh_token import RefreshToken
from entrypoints.http.account_pages.places import CSRF, Goal, Place, with_query
from entrypoints.http.account_pages.rendering import said_page
from entrypoints.http.account_pages.texts import ENGLISH
from entrypoints.http.edge.cookies import (
    ACCESS_COOKIE,
    REFRESH_COOKIE,
    cookie,
    give_cookies,
    take_cookies_back,
)
from entrypoints.http.edge.csrf import csrf_token, require_proof_of_form
from entrypoints.http.edge.errors import CsrfFailed, retry_after_of, status_of
from entrypoints.http.pages.flows import Form
from entrypoints.http.pages.texts import ENGLISH as PAGES
from entrypoints.http.pages.texts import Notice

type Services = Service[ServiceUnit]


@dataclass(frozen=True, slots=True)
class Visitor:
    """Somebody who is signed in. ``csrf`` is for the forms of the page that they get."""

    caller: Caller
    csrf: str
    refresh_token: str | None
    renewed: TokenGrant | None = None

    @property
    def principal(self) -> Principal:
        """The caller, for a use case."""
        return self.caller.principal

    @property
    def email(self) -> str:
        """The caller's address."""
        return self.caller.user.email.value


type Show = Callable[[Visitor], Awaitable[Response]]
"""What a page does for somebody who is signed in."""


async def for_visitor(
    request: Request,
    services: Services,
    origin: Origin,
    show: Show,
    *,
    here: Goal,
    form: Form | None = None,
) -> Response:
    """Return what ``show`` makes for the visitor, or the page where to sign in or step up first.

    ``here`` is where they go on after that. With a ``form`` they have to prove where it is from.
    """
    visitor = None
    try:
        ensure_ready(services)
        visitor = await _visitor(request, services, origin, form)
        answer = await show(visitor) if visitor else to_sign_in(request, here)
    except StepUpRequired:
        answer = to(with_query(Place.STEP_UP, here.fields))
    except NotAuthenticated:
        answer = to_sign_in(request, here)
    except DomainError as refusal:
        answer = refused_page(refusal, here=here.place)
    if visitor is not None and visitor.renewed is not None:
        _hand_over(answer, visitor.renewed)
    return answer


def ensure_ready(services: Services) -> None:
    """Raise ServiceUnavailable while it is not known that schema and keys are right (DB-5)."""
    if not services.keys.keyring.is_loaded:
        raise ServiceUnavailable


def to(address: str) -> Response:
    """Return the answer that leads a browser there with GET; it is relative to this page."""
    return Response(status_code=303, headers={"location": address})


def to_sign_in(request: Request, goal: Goal) -> Response:
    """Return the answer that leads to signing in, and on from there; cookies are taken back.

    None that did not come along: a link of another site does not bring them, and would else sign
    out who follows it.
    """
    answer = to(with_query(Place.SIGN_IN, goal.fields))
    if cookie(request, ACCESS_COOKIE) or cookie(request, REFRESH_COOKIE):
        take_cookies_back(answer)
    return answer


def signed_in(grant: TokenGrant, goal: Goal) -> Response:
    """Return the answer that hands both tokens over in cookies, and leads on."""
    answer = to(goal.address)
    _hand_over(answer, grant)
    return answer


def refused_page(refusal: DomainError, *, here: Place) -> Response:
    """Return the page that says in words why nothing came of it."""
    status = status_of(refusal)
    if isinstance(refusal, CsrfFailed):
        return said_page(ENGLISH.foreign, status=status, goal=here, words=ENGLISH.start_again)
    if isinstance(refusal, ConcurrentChange | LimitExceeded | Unavailable):
        title = Notice(PAGES.later.title, ())
        wait = retry_after_of(refusal, status) or 1
        return said_page(title, status=status, goal=here, words=ENGLISH.start_again, wait=wait)
    notice = ENGLISH.refusals.get(refusal.code)
    if notice is None:
        notice = Notice(ENGLISH.unreadable.title, (refusal.message,))
    return said_page(notice, status=400 if status == 401 else status)


async def _visitor(
    request: Request, services: Services, origin: Origin, form: Form | None
) -> Visitor | None:
    """Return who it is; None where there is nothing to know them by. Raises CsrfFailed."""
    access, refresh = cookie(request, ACCESS_COOKIE), cookie(request, REFRESH_COOKIE)
    caller, renewed = await _known(services, access), None
    if caller is not None:
        _check_form(request, caller.session.id, form)
    elif refresh is not None:
        _check_form(request, RefreshToken.parse(refresh).session_id, form)
        renewed = await services.sessions.refresh(refresh_token=refresh, origin=origin)
        refresh = renewed.refresh_token
        caller = await services.sessions.authenticate(access_token=renewed.access_token)
    if caller is None:
        return None
    state = request.scope["state"]
    state["by_cookie"], state["user_id"] = True, str(caller.user.id)
    state["principal"] = caller.principal
    return Visitor(caller, csrf_token(request, caller.session.id), refresh, renewed)


async def _known(services: Services, access: str | None) -> Caller | None:
    if access is None:
        return None
    try:
        return await services.sessions.authenticate(access_token=access)
    except (AccessTokenExpired, AccessTokenInvalid):
        return None


def _check_form(request: Request, session_id: SessionId, form: Form | None) -> None:
    if form is not None:
        require_proof_of_form(request, session_id, form[CSRF])


def _hand_over(answer: Response, grant: TokenGrant) -> None:
    # What the page itself has said of the cookies counts: a sign-out takes them back.
    if any(name == b"set-cookie" for name, _ in answer.raw_headers):
        return
    give_cookies(
        answer,
        access=grant.access_token,
        access_seconds=grant.expires_in,
        refresh=grant.refresh_token,
        refresh_seconds=grant.refresh_expires_in,
    )
