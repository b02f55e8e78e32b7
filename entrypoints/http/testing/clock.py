"""The service's time, for tests of products: it goes on from wherever it is set to."""

from datetime import UTC, datetime, timedelta

from fastapi import Request, Response

from domain.errors import ValidationFailed
from entrypoints.container import Container
from entrypoints.http.edge.answering import answer
from entrypoints.http.edge.answers import Envelope
from entrypoints.http.edge.dependencies import Parts
from entrypoints.http.edge.router import Router
from entrypoints.http.testing.answers import ClockOut
from entrypoints.http.testing.requests import AdvanceRequest, ClockRequest
from entrypoints.representations.formats import instant

router = Router(prefix="/dev/clock", include_in_schema=False)

EARLIEST = datetime(2000, 1, 1, tzinfo=UTC)
LATEST = datetime(2100, 1, 1, tzinfo=UTC)


@router.get("", summary="What time it is", response_model=Envelope[ClockOut])
async def clock(request: Request, container: Parts) -> Response:
    """Return the service's time."""
    return _told(request, container)


@router.put("", summary="Set the clock", response_model=Envelope[ClockOut])
async def set_clock(request: Request, body: ClockRequest, container: Parts) -> Response:
    """Go on from this time, or from the host's if it is null. Return the service's time."""
    if body.now is None:
        container.movable_clock().reset()
    else:
        _go_on_from(container, body.now, "now")
    return _told(request, container)


@router.post("/advance", summary="Put the clock forward", response_model=Envelope[ClockOut])
async def advance_clock(request: Request, body: AdvanceRequest, container: Parts) -> Response:
    """Let so many seconds pass at once. Return the service's time."""
    now = container.movable_clock().now()
    _go_on_from(container, now + timedelta(seconds=body.seconds), "seconds")
    return _told(request, container)


def _go_on_from(container: Container, now: datetime, field: str) -> None:
    if not EARLIEST <= now <= LATEST:
        raise ValidationFailed.of(field, "OUT_OF_RANGE", "Stay between the years 2000 and 2100.")
    container.movable_clock().set(now)


def _told(request: Request, container: Container) -> Response:
    return answer(request, {"now": instant(container.movable_clock().now())})
