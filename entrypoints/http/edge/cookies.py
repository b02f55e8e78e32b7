"""Tokens that travel in cookies: for browsers, where no script may ever see them (SE-6).

All cookies have the ``__Host-`` prefix: a browser takes them over TLS only (or from this very
machine), for this very host, and sends them to no other (RFC 6265bis, 4.1.3.2).
"""

from typing import Final

from starlette.requests import Request
from starlette.responses import Response

from entrypoints.http.edge.errors import MultipleCredentials

ACCESS_COOKIE: Final = "__Host-doorward-access"
REFRESH_COOKIE: Final = "__Host-doorward-refresh"
DEVICE_COOKIE: Final = "__Host-doorward-device"
"""By which a device is known that its user trusts; it stays when they sign out."""
CHALLENGE_COOKIE: Final = "__Host-doorward-challenge"
"""With what a mailed link signs in: the browser that asked for it has it, and no other."""
_ATTRIBUTES: Final = "Path=/; HttpOnly; Secure; SameSite=Strict"


def cookie(request: Request, name: str) -> str | None:
    """Return the cookie's value, or None; raise MultipleCredentials if there are two of it.

    A browser sends one. Two mean that another site on this machine or host has added its own.
    """
    values = [
        value.strip()
        for line in request.headers.getlist("cookie")
        for given, equals, value in (pair.partition("=") for pair in line.split(";"))
        if equals and given.strip() == name
    ]
    if len(values) > 1:
        raise MultipleCredentials
    return values[0] if values and values[0] else None


def give_cookies(
    response: Response, *, access: str, access_seconds: int, refresh: str, refresh_seconds: int
) -> None:
    """Hand both tokens to the browser, each for as long as it is good."""
    _set(response, ACCESS_COOKIE, access, access_seconds)
    _set(response, REFRESH_COOKIE, refresh, refresh_seconds)


def give_device_cookie(response: Response, token: str, seconds: int) -> None:
    """Hand the browser what it is known by, for as long as it is trusted."""
    _set(response, DEVICE_COOKIE, token, seconds)


def give_challenge(response: Response, challenge: str, seconds: int) -> None:
    """Have the browser keep what a mailed link counts with.

    It has to come along when a link in a mail is followed, which Strict cookies do not; from a form
    of another site it does not (RFC 6265bis, 5.6.7.1).
    """
    attributes = _ATTRIBUTES.replace("Strict", "Lax")
    value = f"{CHALLENGE_COOKIE}={challenge}; Max-Age={seconds}; {attributes}"
    response.headers.append("set-cookie", value)


def take_challenge_back(response: Response) -> None:
    """Have the browser forget it."""
    give_challenge(response, "", 0)


def take_cookies_back(response: Response) -> None:
    """Have the browser forget the tokens of its session."""
    for name in (ACCESS_COOKIE, REFRESH_COOKIE):
        _set(response, name, "", 0)


def _set(response: Response, name: str, value: str, seconds: int) -> None:
    response.headers.append("set-cookie", f"{name}={value}; Max-Age={seconds}; {_ATTRIBUTES}")
