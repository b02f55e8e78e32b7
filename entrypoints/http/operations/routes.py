"""The routes for operators, collected."""

from entrypoints.http.operations import catalogue, health
from entrypoints.http.room import Room, Tag

ROOM = Room(
    routers=(
        health.router,
        catalogue.router,
    ),
    public=frozenset(
        {
            ("GET", "/health/live"),
            ("GET", "/health/ready"),
            ("GET", "/metrics"),
            ("GET", "/api/v1/errors"),
        }
    ),
    tags=(
        Tag("Errors", "Every code that a refusal can have."),
        Tag("Health", "Whether the process lives and can serve."),
    ),
)
