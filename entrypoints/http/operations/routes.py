"""The routes for operators, collected."""

from entrypoints.http.operations import catalogue, health
from entrypoints.http.room import Room

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
)
