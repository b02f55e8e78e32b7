"""``GET /metrics`` in Prometheus' text format; imported only where METRICS is on (HD-4).

Labels are route templates, methods and statuses: no identifier, address or secret is in them.
"""

from collections.abc import Callable, Iterable, Mapping
from functools import partial
from typing import Final

from fastapi import Request, Response
from prometheus_client import CollectorRegistry, Counter, Histogram, generate_latest
from prometheus_client.exposition import CONTENT_TYPE_PLAIN_0_0_4
from prometheus_client.metrics_core import GaugeMetricFamily, Metric
from prometheus_client.multiprocess import MultiProcessCollector
from prometheus_client.process_collector import ProcessCollector
from prometheus_client.registry import Collector
from starlette.types import Scope

from domain.errors import ServiceUnavailable
from domain.mail.circuit import CircuitState
from entrypoints.http.edge.counted import STATE as COUNTED
from entrypoints.http.edge.counted import Counted
from entrypoints.http.edge.dependencies import Services
from entrypoints.http.edge.methods import METHODS
from entrypoints.http.edge.router import Router

_SECONDS: Final = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10)

_OUTCOMES: Final = {
    Counted.API_KEY: ("doorward_api_key_requests", "Requests with an API key."),
    Counted.INTROSPECTION: ("doorward_introspections", "Tokens that a product asked about."),
    Counted.LEAK_REPORT: ("doorward_leak_reports", "Reports of a leaked API key."),
}

router = Router(include_in_schema=False)

type Pids = Callable[[], Mapping[str, int]]
"""Which processes there are now, by name."""


class Metrics:
    """What this process counts, or all that serve together, and what the store holds."""

    def __init__(self) -> None:
        self._registry = registry = CollectorRegistry()
        self._shown: list[Collector] = [registry, ProcessCollector(registry=None)]
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

        self._outcomes = {
            what: Counter(name, description, ["outcome"], registry=registry)
            for what, (name, description) in _OUTCOMES.items()
        }

    def of_all(self, pids: Pids) -> None:
        """Show from now on what all processes have counted, those that have ended included.

        They count in files of PROMETHEUS_MULTIPROC_DIR, which was set before this module was
        imported.
        """
        self._shown = [_counted_by_all(), _Processes(pids)]

    def observe(self, scope: Scope, status: int, seconds: float) -> None:
        """Count a request that was answered."""
        method = scope["method"] if scope["method"] in METHODS else "other"
        route = getattr(scope.get("route"), "path", "none")
        self._requests.labels(method, route, str(status)).inc()
        self._seconds.labels(method, route).observe(seconds)
        counted: Mapping[Counted, str] = scope["state"].get(COUNTED, {})
        for what, outcome in counted.items():
            self._outcomes[what].labels(outcome).inc()

    async def text(self, services: Services) -> bytes:
        """Return everything, but what the store holds when it does not answer."""
        held = await _held_in_the_store(services)
        shown = CollectorRegistry()
        for each in (*self._shown, _Ready(held)):
            shown.register(each)
        return generate_latest(shown)


def _counted_by_all() -> Collector:
    collector: Collector = MultiProcessCollector(None)  # type: ignore[no-untyped-call]
    return collector


class _Ready(Collector):
    """Metrics that have been collected already."""

    def __init__(self, metrics: Iterable[Metric]) -> None:
        self._metrics = metrics

    def collect(self) -> Iterable[Metric]:
        return self._metrics


class _Processes(Collector):
    """What the system says of each process, under its name."""

    def __init__(self, pids: Pids) -> None:
        self._pids = pids

    def collect(self) -> Iterable[Metric]:
        found: dict[str, Metric] = {}
        for name, pid in self._pids().items():
            for metric in ProcessCollector(pid=partial(int, pid), registry=None).collect():
                whole = found.setdefault(
                    metric.name, Metric(metric.name, metric.documentation, metric.type)
                )
                for sample in metric.samples:
                    whole.add_sample(sample.name, {"process": name}, sample.value)
        return found.values()


async def _held_in_the_store(services: Services) -> Iterable[Metric]:
    messages = GaugeMetricFamily(
        "doorward_outbox_messages",
        "Messages by state; 10000 stands for that many or more.",
        labels=["status"],
    )
    oldest = GaugeMetricFamily(
        "doorward_outbox_oldest_waiting_seconds", "How long the oldest unsent message has waited."
    )
    circuit = GaugeMetricFamily(
        "doorward_mail_circuit_state",
        "1 for the state that the mail circuit is in.",
        labels=["state"],
    )
    try:
        census = await services.mail.list_outbox.census()
        state = await services.mail.circuit.state()
    except ServiceUnavailable:
        oldest.add_metric([], float("nan"))
        return messages, oldest, circuit
    for status, count in census.counts.items():
        messages.add_metric([status.value], count)
    waited = 0.0
    if census.oldest_waiting is not None:
        waited = (services.ports.clock.now() - census.oldest_waiting).total_seconds()
    oldest.add_metric([], max(0.0, waited))
    for each in CircuitState:
        circuit.add_metric([each.value], float(each is state))
    return messages, oldest, circuit


@router.get("/metrics", response_model=str)
async def metrics(request: Request, services: Services) -> Response:
    """Return what Prometheus reads."""
    counted: Metrics = request.app.state.metrics
    return Response(await counted.text(services), media_type=CONTENT_TYPE_PLAIN_0_0_4)
