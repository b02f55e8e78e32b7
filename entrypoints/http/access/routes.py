"""The routes of access, collected."""

from domain.access.role import RoleAlreadyExists, RoleInUse, RoleNotFound
from domain.principal import PermissionDenied
from entrypoints.http.access import authorization, granting, roles
from entrypoints.http.room import Room, Tag

ROOM = Room(
    routers=(
        authorization.router,
        granting.router,
        roles.router,
    ),
    errors=(
        RoleAlreadyExists,
        RoleInUse,
        RoleNotFound,
        PermissionDenied,
    ),
    tags=(
        Tag("Roles", "Roles, and the permissions that they give."),
        Tag("Authorization", "May this user do that, and why?"),
    ),
)
