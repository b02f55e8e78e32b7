"""The routes for tests of products: only in development, and only with ``memory://``."""

from entrypoints.http.room import Room
from entrypoints.http.testing import accounts, clock

TESTING_ROOM = Room(
    routers=(clock.router, accounts.router),
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
