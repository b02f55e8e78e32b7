"""The account's pages, collected.

None of them asks for a caller as a route of the API does: without one they lead to signing in.
"""

from typing import Final

from fastapi.routing import APIRoute

from entrypoints.http.account_pages import (
    email_sign_in,
    enrolment,
    mailed_sign_in,
    security,
    sign_in,
    step_up,
)
from entrypoints.http.room import Room

_ROUTERS: Final = (
    sign_in.router,
    email_sign_in.router,
    mailed_sign_in.router,
    security.router,
    enrolment.router,
    step_up.router,
)
_ROUTES: Final = [
    (method, route.path)
    for router in _ROUTERS
    for route in router.routes
    if isinstance(route, APIRoute)
    for method in route.methods or ()
]

FORM_PATHS: Final = frozenset(path for method, path in _ROUTES if method == "POST")
"""Where a form is sent instead of JSON."""

ROOM: Final = Room(routers=_ROUTERS, public=frozenset(_ROUTES))
