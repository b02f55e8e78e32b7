"""What a route asks for, as ``Annotated`` aliases that read like sentences.

All are ``async def``: a plain function would be sent through the thread pool. The container is
read from ``app.state``; nothing is injected by marker.
"""

from collections.abc import Awaitable, Callable
from typing import Annotated, cast
from uuid import UUID

from fastapi import Depends, Request, Response

from application.api_keys.authentication import KeyBearer, ServiceKeyBearer, UserKeyBearer
from application.keys.ports import AccessTokenExpired, AccessTokenInvalid
from application.paging import PageRequest
from application.ports.rate_limiter import Admission, RateLimit
from application.service import Service, ServiceUnit
from application.sessions.authentication import Caller
from domain.api_keys.api_key import ApiKeyExpired
from domain.api_keys.key_text import ApiKeyInvalid, is_key_like
from domain.errors import NotAuthenticated, TooManyRequests
from domain.identifiers import Identifier, SessionId
from domain.origin import Origin
from domain.principal import PersonRequired
from domain.sessions.session import SessionIsOver
from entrypoints.container import Container
from entrypoints.http.edge.client_address import rate_key
from entrypoints.http.edge.cookies import ACCESS_COOKIE, cookie, take_cookies_back
from entrypoints.http.edge.counted import Counted, count
from entrypoints.http.edge.csrf import csrf_token, require_proof
from entrypoints.http.edge.errors import MultipleCredentials, NotSignedIn, request_id_of
from entrypoints.http.edge.parameters import DEFAULT_PAGE, CountToo, PageCursor, PageSize


async def container_of(request: Request) -> Container:
    """Return the container of the app that serves this request."""
    return cast(Container, request.app.state.container)


async def service_of(request: Request) -> Service[ServiceUnit]:
    """Return the use cases of the app that serves this request."""
    container: Container = request.app.state.container
    return container.service()


async def origin_of(request: Request) -> Origin:
    """Return where the request came from, as far as it can be believed (RL-3)."""
    return Origin(
        ip_address=request.scope["state"].get("client_address"),
        user_agent=_printable(request.headers.get("user-agent")),
        request_id=request_id_of(request.scope),
    )


def _printable(text: str | None) -> str | None:
    """Return the header without what could start a new line in a list (LG-2)."""
    if text is None:
        return None
    return "".join(c for c in text[:256] if c.isprintable()) or None


def access_token_of(request: Request) -> tuple[str, bool]:
    """Return the access token, and whether it came in a cookie.

    Scheme and token are separated by one space or more (RFC 9110, 11.4), and the scheme is in any
    case; white space around a header's value is no part of it (5.5). Raises NotSignedIn if there is
    no token, and MultipleCredentials if there is more than one (TK-6, RFC 6750).
    """
    values = request.headers.getlist("authorization")
    in_cookie = cookie(request, ACCESS_COOKIE) if "cookie" in request.headers else None
    if len(values) > 1 or (values and in_cookie):
        raise MultipleCredentials
    if in_cookie:
        return in_cookie, True
    scheme, _, token = (values[0] if values else "").strip(" \t").partition(" ")
    if scheme.lower() != "bearer" or not token:
        raise NotSignedIn
    return token.lstrip(" "), False


async def caller_of(request: Request) -> Caller | KeyBearer:
    """Return who calls, by a session or by an API key; raise 401 if that cannot be known.

    Who comes with a cookie has to prove where from, too, before anything is changed (SE-6), and
    has a session: a browser sends no API key by itself.
    """
    container: Container = request.app.state.container
    service, (token, by_cookie) = container.service(), access_token_of(request)
    state = request.scope["state"]
    state["by_cookie"] = by_cookie
    caller: Caller | KeyBearer
    if is_key_like(token) and not by_cookie:
        caller = _seen(request, service, await _by_key(request, service, token))
    else:
        claims = await service.sessions.authenticate.verified(token)
        if claims.is_of_key and not by_cookie:
            bearer = await service.api_keys.authenticate.by_token(claims)
            caller = _seen(request, service, bearer)
        else:
            caller = await service.sessions.authenticate.by_session(claims)
            if by_cookie:
                require_proof(request, caller.session.id)
    principal = caller.principal
    state["principal"] = principal
    if principal.user_id is not None:
        state["user_id"] = str(principal.user_id)
    if principal.key_id is not None:
        state["key_id"] = str(principal.key_id)
    if principal.service_account_id is not None:
        state["service_account_id"] = str(principal.service_account_id)
    return caller


async def _by_key(request: Request, service: Service[ServiceUnit], text: str) -> KeyBearer:
    """Return who comes with the key; count how it went."""
    try:
        bearer = await service.api_keys.authenticate(text)
    except NotAuthenticated as refusal:
        outcome = "expired" if isinstance(refusal, ApiKeyExpired) else "invalid"
        count(request.scope, Counted.API_KEY, outcome)
        raise
    count(request.scope, Counted.API_KEY, "accepted")
    return bearer


def _seen(request: Request, service: Service[ServiceUnit], bearer: KeyBearer) -> KeyBearer:
    """Have it noted that the key was used, behind the answer."""
    address = request.scope["state"].get("client_address")
    service.api_keys.uses.saw(bearer.key, ip_address=address)
    return bearer


async def person_of(request: Request) -> Caller:
    """Return the user who is signed in; raise PersonRequired for a caller with an API key."""
    caller = await caller_of(request)
    if not isinstance(caller, Caller):
        raise PersonRequired
    return caller


async def user_of(request: Request) -> Caller | UserKeyBearer:
    """Return the user, signed in or with one of their API keys; PersonRequired for a program."""
    caller = await caller_of(request)
    if isinstance(caller, ServiceKeyBearer):
        raise PersonRequired
    return caller


def came_by_cookie(request: Request) -> bool:
    """Tell whether the signed-in caller's token came in a cookie."""
    return bool(request.scope["state"].get("by_cookie"))


def signed_out(request: Request) -> Response:
    """Return 204, and take the cookies back from a caller who came with them."""
    response = Response(status_code=204)
    if came_by_cookie(request):
        take_cookies_back(response)
    return response


def csrf_for(request: Request, session_id: SessionId) -> str | None:
    """Return a CSRF token if the caller came by cookie, and is to be answered the same way."""
    return csrf_token(request, session_id) if came_by_cookie(request) else None


async def page_of(
    limit: PageSize = DEFAULT_PAGE, cursor: PageCursor = None, count: CountToo = False
) -> PageRequest:
    """Return which part of a list is asked for."""
    return PageRequest(limit=limit, cursor=cursor, counted=count)


CALLER_ERRORS = (
    NotSignedIn,
    AccessTokenInvalid,
    AccessTokenExpired,
    ApiKeyInvalid,
    ApiKeyExpired,
    SessionIsOver,
    MultipleCredentials,
)
"""What ``caller_of`` raises; every route that asks who calls declares them."""
SIGNED_IN_ERRORS = (*CALLER_ERRORS, PersonRequired)
"""What ``person_of`` raises; every route that asks for ``SignedIn`` declares them."""

type Asked = Annotated[PageRequest, Depends(page_of)]
type Parts = Annotated[Container, Depends(container_of)]
type Services = Annotated[Service[ServiceUnit], Depends(service_of)]
type From = Annotated[Origin, Depends(origin_of)]
type SignedIn = Annotated[Caller, Depends(person_of)]
"""A person, in a session: for all that an API key may not do (``docs/api-keys.md`` lists it)."""
type OfUser = Annotated[Caller | UserKeyBearer, Depends(user_of)]
"""A user, in a session or by one of their API keys."""
type Known = Annotated[Caller | KeyBearer, Depends(caller_of)]
"""Whoever it is, a program among them: for what takes a permission."""


def identified[I: Identifier](kind: type[I], text: str) -> I:
    """Return the identifier that stands in a path, or one that nothing has for what is none.

    So that the use case finds nothing under it, after it has asked whether the caller may look.
    """
    try:
        return kind.parse(text)
    except ValueError:
        return kind(UUID(int=0))


def limited(limit: RateLimit) -> Callable[[Request], Awaitable[None]]:
    """Return a dependency that counts the request against its source's limit (RL-4)."""

    async def admit(request: Request) -> None:
        container: Container = request.app.state.container
        state = request.scope["state"]
        source = rate_key(state.get("client_address"))
        admission = await container.service().kernel.admit_request(limit, source=source)
        if admission is None:
            return
        state["answer_headers"] = _rate_limit_headers(admission)
        if not admission.admitted:
            raise TooManyRequests(retry_after=admission.retry_after)

    return admit


def _rate_limit_headers(admission: Admission) -> list[tuple[bytes, bytes]]:
    reset = max(0, -int(-admission.reset_after.total_seconds() // 1))
    facts = {"limit": admission.limit, "remaining": admission.remaining, "reset": reset}
    return [(f"ratelimit-{name}".encode(), b"%d" % value) for name, value in facts.items()]
