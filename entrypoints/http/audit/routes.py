"""The routes of the audit trail, collected."""

from entrypoints.http.audit import own, trail
from entrypoints.http.room import Room

ROOM = Room(
    routers=(
        own.router,
        trail.router,
    ),
)
