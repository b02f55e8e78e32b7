"""The routes of mail: the development mailbox, which does not exist in production."""

from entrypoints.http.mail import development
from entrypoints.http.room import Room, Tag

DEVELOPMENT_ROOM = Room(
    routers=(development.router,),
    public=frozenset({("GET", "/dev/mailbox")}),
    tags=(Tag("Development", "The mails that would have been sent; not there in production."),),
)
