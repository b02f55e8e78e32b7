"""The routes of service accounts, collected."""

from domain.service_accounts.service_account import (
    ServiceAccountAlreadyExists,
    ServiceAccountNotFound,
)
from entrypoints.http.room import Room, Tag
from entrypoints.http.service_accounts import accounts, granting

ROOM = Room(
    routers=(
        accounts.router,
        granting.router,
    ),
    errors=(
        ServiceAccountAlreadyExists,
        ServiceAccountNotFound,
    ),
    tags=(Tag("Service accounts", "Who the programs of a product are, and their keys."),),
)
