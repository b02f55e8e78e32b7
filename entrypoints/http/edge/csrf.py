"""Proof that an unsafe request with a cookie comes from a page of our own (SE-6).

Three things have to hold, and a refusal does not say which one did not: the page's origin is
ours or a named one, the browser agrees that it is (Fetch Metadata), and the page knows a token
that only an answer to this very session has told it.
"""

from base64 import urlsafe_b64decode, urlsafe_b64encode
from typing import Final

from starlette.requests import Request

from application.ports.crypto import SealBroken
from domain.identifiers import SessionId
from entrypoints.container import Container
from entrypoints.http.edge.errors import CsrfFailed

SAFE_METHODS: Final = frozenset({"GET", "HEAD", "OPTIONS"})
HEADER: Final = "x-csrf-token"
_PURPOSE: Final = "csrf token v1"
_LONGEST: Final = 256


def csrf_token(request: Request, session_id: SessionId) -> str:
    """Return a token for this session and no other; each is good until the session ends."""
    box = _container(request).secret_box()
    return _text(box.seal(session_id.value.bytes, purpose=_PURPOSE))


def require_proof(request: Request, session_id: SessionId) -> None:
    """Raise CsrfFailed unless the request proves its origin and knows the session's token.

    Not asked of safe methods, which change nothing.
    """
    if request.method in SAFE_METHODS:
        return
    tokens = request.headers.getlist(HEADER)
    is_ours = _origin_is_allowed(request, required=True)
    if not is_ours or len(tokens) != 1 or not _belongs(request, tokens[0], session_id):
        raise CsrfFailed


def require_proof_of_form(request: Request, session_id: SessionId, token: str) -> None:
    """Raise as :func:`require_proof` does, for a form of ours, which sends the token in a field.

    The page with the form has to say ``Referrer-Policy: same-origin``: under ``no-referrer``
    browsers keep the origin of a form's page to themselves (Fetch, section 3.2).
    """
    if not _origin_is_allowed(request, required=True) or not _belongs(request, token, session_id):
        raise CsrfFailed


def require_own_page(request: Request) -> None:
    """Raise CsrfFailed if a foreign page is signing a user in under a name of its choice.

    A client that is no browser sends no origin, and has no cookies to be tricked with.
    """
    if not _origin_is_allowed(request, required=False):
        raise CsrfFailed


def _origin_is_allowed(request: Request, *, required: bool) -> bool:
    settings = _container(request).settings()
    origins = request.headers.getlist("origin")
    sites = request.headers.getlist("sec-fetch-site")
    if len(origins) > 1 or len(sites) > 1:
        return False
    if origins and origins[0] in settings.cors_origins:
        return True
    if origins and origins[0] != settings.public_url:
        return False
    if sites and sites[0] != "same-origin":
        return False
    return bool(origins) or not required


def _belongs(request: Request, token: str, session_id: SessionId) -> bool:
    if len(token) > _LONGEST:
        return False
    try:
        sealed = urlsafe_b64decode(token.encode("ascii") + b"=" * (-len(token) % 4))
        plain = _container(request).secret_box().open(sealed, purpose=_PURPOSE)
    except (ValueError, SealBroken):
        return False
    return plain == session_id.value.bytes and _text(sealed) == token


def _container(request: Request) -> Container:
    container: Container = request.app.state.container
    return container


def _text(sealed: bytes) -> str:
    return urlsafe_b64encode(sealed).rstrip(b"=").decode()
