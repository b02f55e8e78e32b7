"""What a product's test is told."""

from pydantic import BaseModel

from entrypoints.http.edge.parameters import Instant


class ClockOut(BaseModel):
    """The service's time."""

    now: Instant
