"""``GET /metrics`` in Prometheus' text format; imported only where METRICS is on (HD-4).

Labels are route templates, methods and statuses: no identifier, address or secret is in them.
"""

from typing import Final

from fastapi import APIRouter, Request, Response
from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, generate_latest
from prometheus_client.exposition import CONTENT_TYPE_PLAIN_0_0_4
from prometheus_client.process_collector import ProcessCollector
from starlette.types import Scope

from domain.errors import ServiceUnavailable
from domain.mail.circuit import CircuitState
from entrypoints.http.edge.dependencies import Services
from entrypoints.http.edge.methods import METHODS

_SECONDS: Final = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10)

router = APIRouter(include_in_schema=False)


class Metrics:
    """What one process counts, and what all of them have in common in the store."""

    def __init__(self) -> None:
        self._registry = registry = CollectorRegistry()
        ProcessCollector(registry=registry)
        self._requests = Counter(
            "doorward_http_requests", "Requests.", ["method", "route", "status"], registry=registry
        )
        self._seconds = Histogram(
            "doorward_http_request_seconds",
            "How long a request took.",
            ["method", "route"],
            buckets=_SECONDS,
            registry=registry,
        )
        self._messages = Gauge(
            "doorward_outbox_messages",
            "Messages by state; 10000 stands for that many or more.",
            ["status"],
            registry=registry,
        )
        self._oldest = Gauge(
            "doorward_outbox_oldest_waiting_seconds",
            "How long the oldest unsent message has waited.",
            registry=registry,
        )
        self._circuit = Gauge(
            "doorward_mail_circuit_state",
            "1 for the state that the mail circuit is in.",
            ["state"],
            registry=registry,
        )

    def observe(self, scope: Scope, status: int, seconds: float) -> None:
        """Count a request that was answered."""
        method = scope["method"] if scope["method"] in METHODS else "other"
        route = getattr(scope.get("route"), "path", "none")
        self._requests.labels(method, route, str(status)).inc()
        self._seconds.labels(method, route).observe(seconds)

    async def text(self, services: Services) -> bytes:
        """Return everything, but what the store holds when it does not answer."""
        try:
            await self._look(services)
        except ServiceUnavailable:
            self._messages.clear()
            self._circuit.clear()
            self._oldest.set(float("nan"))
        return generate_latest(self._registry)

    async def _look(self, services: Services) -> None:
        census = await services.mail.list_outbox.census()
        state = await services.mail.circuit.state()
        for status, count in census.counts.items():
            self._messages.labels(status.value).set(count)
        waited = 0.0
        if census.oldest_waiting is not None:
            waited = (services.ports.clock.now() - census.oldest_waiting).total_seconds()
        self._oldest.set(max(0.0, waited))
        for each in CircuitState:
            self._circuit.labels(each.value).set(each is state)


@router.get("/metrics", response_model=str)
async def metrics(request: Request, services: Services) -> Response:
    """Return what Prometheus reads."""
    counted: Metrics = request.app.state.metrics
    return Response(await counted.text(services), media_type=CONTENT_TYPE_PLAIN_0_0_4)
