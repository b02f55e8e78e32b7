"""The HTTP service: ``uvicorn --factory entrypoints.http.app:create_app``.

From the outside in: :mod:`~entrypoints.http.edge.middleware` names the request and guards it,
:mod:`~entrypoints.http.edge.body` lets only clean bytes through, a route calls one use case, and
:mod:`~entrypoints.http.edge.errors` answers what was refused.
"""

from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from importlib.metadata import version
from itertools import chain

from fastapi import FastAPI
from starlette.datastructures import State
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from entrypoints.container import Container
from entrypoints.http.access import routes as access
from entrypoints.http.account_pages import routes as account_pages
from entrypoints.http.accounts import routes as accounts
from entrypoints.http.api_keys import routes as api_keys
from entrypoints.http.audit import routes as audit
from entrypoints.http.credentials import routes as credentials
from entrypoints.http.description import describe, operation_id
from entrypoints.http.documentation import mount_documentation
from entrypoints.http.edge.body import BodyGate
from entrypoints.http.edge.cors import Cors
from entrypoints.http.edge.dispatch import Dispatch
from entrypoints.http.edge.error_handlers import install_error_handlers
from entrypoints.http.edge.errors import EDGE_ERRORS, catalogue
from entrypoints.http.edge.idempotency import Idempotency
from entrypoints.http.edge.methods import allowed_methods
from entrypoints.http.edge.middleware import Draining, Observe, RequestContext, literal_segments
from entrypoints.http.factors import routes as factors
from entrypoints.http.keys import routes as keys
from entrypoints.http.operations import routes as operations
from entrypoints.http.pages import routes as pages
from entrypoints.http.pages.routes import FORM_PATHS
from entrypoints.http.room import Room, chapters
from entrypoints.http.service_accounts import routes as service_accounts
from entrypoints.http.sessions import routes as sessions
from entrypoints.lifecycle import StartRefused, build_container, ready_settings, running
from entrypoints.logging import configure_logging, get_logger

log = get_logger("doorward")

ROOMS = (
    accounts.ROOM,
    sessions.ROOM,
    factors.ROOM,
    credentials.ROOM,
    keys.ROOM,
    operations.ROOM,
    api_keys.ROOM,
    service_accounts.ROOM,
    access.ROOM,
    audit.ROOM,
    pages.ROOM,
    account_pages.ROOM,
)
"""Every capability's part, the busiest first: a request is compared with one after the other."""

CHAPTERS = (
    "Sign-up",
    "Sessions",
    "Passwords",
    "My account",
    "My factors",
    "Invitations",
    "API keys",
    "Service accounts",
    "Users",
    "Roles",
    "Authorization",
    "Audit",
    "Signing keys",
    "Well-known",
    "Errors",
    "Health",
)
"""The rooms' tags in the order in which a user, and then an administrator, comes to need them."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Part:
    """What a process does of the work that is done once, where several serve together."""

    has_worker: bool
    has_warnings: bool = True
    when_ready: Callable[[], object] | None = None


def create_app(container: Container | None = None, *, rooms: Sequence[Room] = ROOMS) -> FastAPI:
    """Return the service, to be served by any ASGI server that runs its lifespan.

    ``rooms`` are the capabilities that it answers for; a team adds its own.

    Without a container, settings are read from the environment and logging is set up. Ends
    the process with a message when the settings must not be served with.
    """
    if container is None:
        settings = ready_settings()
        configure_logging(settings.log_level, settings.log_format)
        try:
            container = build_container(settings)
        except StartRefused as problem:
            raise SystemExit(f"doorward: {problem}") from None
    settings = container.settings()
    keyring = container.service().keys.keyring

    app = FastAPI(
        title="Doorward",
        version=version("doorward"),
        openapi_url=None,
        docs_url=None,
        redoc_url=None,
        redirect_slashes=False,
        lifespan=_lifespan,
        generate_unique_id_function=operation_id,
        # It would be asked for on each request, and its spans hold queries, which hold secrets.
        telemetry={"tracing": False, "metrics": False, "logs": False},
    )
    app.state.container = container
    app.state.draining = Draining()
    app.state.start_refused = False
    app.state.part = Part(has_worker=settings.run_worker)
    if not settings.in_production:
        rooms = (*rooms, *_rooms_of_development(in_memory=settings.in_memory))
    for room in rooms:
        for router in room.routers:
            app.include_router(router)
    public_routes = frozenset[tuple[str, str]]().union(*(room.public for room in rooms))
    app.state.public_routes = public_routes
    app.state.catalogue = catalogue((*EDGE_ERRORS, *chain(*(room.errors for room in rooms))))
    observe = _mount_metrics(app) if settings.metrics else None
    install_error_handlers(app)
    describe(
        app,
        public_url=settings.public_url,
        public_routes=public_routes,
        tags=chapters(rooms, CHAPTERS),
    )
    if settings.docs:
        mount_documentation(app, at_root=not settings.in_production)

    routes = [route for room in rooms for router in room.routers for route in router.routes]
    # The last one added is the outermost.
    app.add_middleware(Dispatch, service=app, routes=routes)
    app.add_middleware(Idempotency, public_routes=public_routes)
    app.add_middleware(
        BodyGate,
        limit=settings.body_limit,
        seconds=settings.request_deadline,
        form_paths=FORM_PATHS | account_pages.FORM_PATHS,
        open_form_paths=api_keys.FORM_PATHS,
    )
    app.add_middleware(
        RequestContext,
        public_url=settings.public_url,
        deadline=settings.request_deadline,
        trusted_proxies=settings.trusted_proxies,
        is_ready=lambda: keyring.is_loaded,
        observe=observe,
        words=literal_segments(getattr(each, "path", "") for each in (*app.routes, *routes)),
        cors=Cors(settings.cors_origins) if settings.cors_origins else None,
        methods_of=lambda scope: allowed_methods(app.routes, scope),
    )
    app.add_middleware(_PlainRefusal, state=app.state)
    return app


def _rooms_of_development(*, in_memory: bool) -> Sequence[Room]:
    # Imported here: what production must not answer, it does not load.
    from entrypoints.http.mail.routes import DEVELOPMENT_ROOM
    from entrypoints.http.testing.routes import TESTING_ROOM

    return (DEVELOPMENT_ROOM, TESTING_ROOM) if in_memory else (DEVELOPMENT_ROOM,)


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
    from entrypoints.http.operations import metrics  # a library that only this needs

    app.state.metrics = metrics.Metrics()
    app.include_router(metrics.router)
    observe: Observe = app.state.metrics.observe
    return observe


@asynccontextmanager
async def _lifespan(app: FastAPI) -> AsyncIterator[None]:
    container: Container = app.state.container
    part: Part = app.state.part
    has_begun = False
    try:
        async with running(
            container,
            with_worker=part.has_worker,
            with_warnings=part.has_warnings,
            when_ready=part.when_ready,
        ):
            has_begun = True
            yield
    except StartRefused as problem:
        app.state.start_refused = True
        if not has_begun:  # else it was said when it was found out
            log.critical("start_refused", **problem.facts)
        raise
