"""The HTTP service: ``uvicorn --factory entrypoints.http.app:create_app``.

From the outside in: :mod:`~entrypoints.http.middleware` names the request and guards it,
:mod:`~entrypoints.http.body` lets only clean bytes through, a router calls one use case, and
:mod:`~entrypoints.http.errors` answers what was refused.
"""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from importlib.metadata import version

import structlog
from fastapi import FastAPI
from starlette.datastructures import State
from starlette.middleware.cors import CORSMiddleware
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from entrypoints.container import Container
from entrypoints.http.body import BodyGate
from entrypoints.http.documentation import describe, mount_documentation
from entrypoints.http.error_handlers import install_error_handlers
from entrypoints.http.idempotency import Idempotency
from entrypoints.http.middleware import Draining, Observe, RequestContext, cors_options
from entrypoints.http.routers import (
    administration,
    audit_events,
    authorization,
    catalogue,
    development,
    health,
    invitations,
    me,
    own_account,
    pages,
    passwords,
    registration,
    roles,
    sessions,
    signing_keys,
    user_directory,
    user_sessions,
    well_known,
)
from entrypoints.lifecycle import StartRefused, build_container, ready_settings, running
from entrypoints.logging import configure_logging

log = structlog.get_logger("doorward")

PUBLIC_ROUTES = frozenset(
    {
        ("GET", "/api/v1/errors"),
        ("POST", "/api/v1/email-changes/confirm"),
        ("POST", "/api/v1/email-verifications"),
        ("POST", "/api/v1/email-verifications/confirm"),
        ("POST", "/api/v1/invitations/accept"),
        ("POST", "/api/v1/password-resets"),
        ("POST", "/api/v1/password-resets/confirm"),
        ("POST", "/api/v1/sessions"),
        ("POST", "/api/v1/sessions/refresh"),
        ("POST", "/api/v1/users"),
        *((method, path) for path in pages.FORM_PATHS for method in ("GET", "HEAD", "POST")),
        ("GET", "/assets/{name}"),
        ("HEAD", "/assets/{name}"),
        ("GET", "/.well-known/jwks.json"),
        ("GET", "/.well-known/oauth-authorization-server"),
        ("GET", "/dev/mailbox"),
        ("GET", "/health/live"),
        ("GET", "/health/ready"),
        ("GET", "/metrics"),
    }
)
"""The routes that need no caller: for OpenAPI, and for the test that all others do (AZ-1)."""


def create_app(container: Container | None = None) -> FastAPI:
    """Return the service, to be served by any ASGI server that runs its lifespan.

    Without a container, settings are read from the environment and logging is set up. Ends
    the process with a message when the settings must not be served with.
    """
    if container is None:
        settings = ready_settings()
        configure_logging(settings.log_level, settings.log_format)
        container = build_container(settings)
    settings = container.settings()

    app = FastAPI(
        title="Doorward",
        version=version("doorward"),
        openapi_url=None,
        docs_url=None,
        redoc_url=None,
        redirect_slashes=False,
        lifespan=_lifespan,
    )
    app.state.container = container
    app.state.draining = Draining()
    app.state.start_refused = False
    # The busiest first: a request is compared with one router after the other.
    for module in (
        me,
        sessions,
        registration,
        passwords,
        well_known,
        health,
        own_account,
        invitations,
        authorization,
        administration,
        user_sessions,
        user_directory,
        roles,
        audit_events,
        signing_keys,
        catalogue,
        pages,
    ):
        app.include_router(module.router)
    if not settings.in_production:
        app.include_router(development.router)
    observe = _mount_metrics(app) if settings.metrics else None
    install_error_handlers(app)
    describe(app, public_url=settings.public_url, public_routes=PUBLIC_ROUTES)
    if settings.docs:
        mount_documentation(app)

    # The last one added is the outermost.
    app.add_middleware(Idempotency, public_routes=PUBLIC_ROUTES)
    app.add_middleware(
        BodyGate,
        limit=settings.body_limit,
        seconds=settings.request_deadline,
        form_paths=pages.FORM_PATHS,
    )
    if settings.cors_origins:
        app.add_middleware(CORSMiddleware, **cors_options(settings.cors_origins))
    app.add_middleware(
        RequestContext,
        public_url=settings.public_url,
        deadline=settings.request_deadline,
        trusted_proxies=settings.trusted_proxies,
        is_ready=lambda: container.keyring().is_loaded,
        observe=observe,
    )
    app.add_middleware(_PlainRefusal, state=app.state)
    return app


class _PlainRefusal:
    """ASGI middleware: of a start that was refused the log has the reason, not a traceback."""

    def __init__(self, app: ASGIApp, *, state: State) -> None:
        self._app, self._state = app, state

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve; of the lifespan, pass on what is said about it."""
        if scope["type"] != "lifespan":
            await self._app(scope, receive, send)
            return

        async def say(message: Message) -> None:
            refused = message["type"].endswith(".failed") and self._state.start_refused
            await send({"type": message["type"]} if refused else message)

        await self._app(scope, receive, say)


def _mount_metrics(app: FastAPI) -> Observe:
    from entrypoints.http import metrics  # a library that only this needs

    app.state.metrics = metrics.Metrics()
    app.include_router(metrics.router)
    observe: Observe = app.state.metrics.observe
    return observe


@asynccontextmanager
async def _lifespan(app: FastAPI) -> AsyncIterator[None]:
    container: Container = app.state.container
    has_begun = False
    try:
        async with running(container, with_worker=container.settings().run_worker):
            has_begun = True
            yield
    except StartRefused as problem:
        app.state.start_refused = True
        if not has_begun:  # else it was said when it was found out
            log.critical("start_refused", reason=str(problem))
        raise
