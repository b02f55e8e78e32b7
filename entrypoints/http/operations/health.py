"""Whether the process lives, and whether it can serve: for anyone, without secrets."""

import asyncio

import orjson
from fastapi import Request, Response

from domain.errors import ServiceUnavailable
from domain.mail.circuit import CircuitState
from entrypoints.http.edge.dependencies import Parts, Services
from entrypoints.http.edge.router import Router
from entrypoints.http.operations.answers import HealthOut

router = Router(prefix="/health", tags=["Health"])
_MAIL = {
    CircuitState.CLOSED: "ok",
    CircuitState.OPEN: "server away, waiting",
    CircuitState.HALF_OPEN: "server away, trying again",
}
_LIVE = orjson.dumps({"status": "ok", "checks": {}})


@router.get("/live", summary="The process lives", response_model=HealthOut)
async def check_liveness() -> Response:
    """Return 200 while the process can answer at all; never touches the database."""
    return Response(_LIVE, media_type="application/json")


@router.get(
    "/ready",
    summary="The service can serve",
    response_model=HealthOut,
    responses={503: {"model": HealthOut, "description": "A part is missing; it is named."}},
)
async def check_readiness(request: Request, container: Parts, services: Services) -> Response:
    """Return 200 if database, schema and signing keys are there, else 503 with what is not.

    `mail` says whether the mail server is there; it makes nothing unready.
    """
    probes = container.health_probes()
    failures = await asyncio.gather(*(probe.failure() for probe in probes))
    checks = {
        probe.name: "ok" if failure is None else failure.public
        for probe, failure in zip(probes, failures, strict=True)
    }
    checks["signing_keys"] = "ok" if services.keys.keyring.is_loaded else "not loaded yet"
    if request.app.state.draining:
        checks["process"] = "shutting down"
    well = all(check == "ok" for check in checks.values())
    if well:
        # A mail server that is away is worth knowing, and no reason to turn people away.
        checks["mail"] = await _mail(services)
    return Response(
        orjson.dumps({"status": "ok" if well else "unavailable", "checks": checks}),
        status_code=200 if well else 503,
        headers={} if well else {"retry-after": "1"},
        media_type="application/json",
    )


async def _mail(services: Services) -> str:
    try:
        return _MAIL[await services.mail.circuit.state()]
    except ServiceUnavailable:
        return "not known"
