"""The routes of mail: the development mailbox, which does not exist in production."""

from entrypoints.http.mail import development
from entrypoints.http.room import Room

DEVELOPMENT_ROOM = Room(routers=(development.router,), public=frozenset({("GET", "/dev/mailbox")}))
