"""The routes of the audit trail, collected."""

from entrypoints.http.audit import own, trail
from entrypoints.http.room import Room, Tag

ROOM = Room(
    routers=(
        own.router,
        trail.router,
    ),
    tags=(Tag("Audit", "What happened, in a trail that shows when it was tampered with."),),
)
