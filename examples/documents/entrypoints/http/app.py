"""The HTTP service: ``uvicorn --factory examples.documents.entrypoints.http.app:create_app``."""

from fastapi import FastAPI

from entrypoints.http import app as doorward
from entrypoints.lifecycle import build_container, ready_settings
from entrypoints.logging import configure_logging
from examples.documents.entrypoints.container import DocumentsContainer
from examples.documents.entrypoints.http.routes import ROOM

ROOMS = (*doorward.ROOMS, ROOM)


def create_app() -> FastAPI:
    """Return the service, made from the settings in the environment."""
    settings = ready_settings()
    configure_logging(settings.log_level, settings.log_format)
    return doorward.create_app(build_container(settings, DocumentsContainer), rooms=ROOMS)
