"""The routes for tests of products: only in development, and only with ``memory://``."""

from fastapi import Depends, Request

from entrypoints.http.edge.csrf import SAFE_METHODS, require_own_page
from entrypoints.http.edge.router import Router
from entrypoints.http.room import Room
from entrypoints.http.testing import accounts, clock


async def _from_no_other_site(request: Request) -> None:
    """Raise CsrfFailed for what a page of another site has a developer's browser send."""
    if request.method not in SAFE_METHODS:
        require_own_page(request)


_guarded = Router(dependencies=[Depends(_from_no_other_site)])
_guarded.include_router(clock.router)
_guarded.include_router(accounts.router)

TESTING_ROOM = Room(
    routers=(_guarded,),
    public=frozenset(
        {
            ("GET", "/dev/clock"),
            ("PUT", "/dev/clock"),
            ("POST", "/dev/clock/advance"),
            ("POST", "/dev/users"),
            ("POST", "/dev/reset"),
        }
    ),
)
