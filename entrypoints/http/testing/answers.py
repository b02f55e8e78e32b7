"""What a product's test is told."""

from entrypoints.http.edge.answers import AnswerModel
from entrypoints.http.edge.parameters import Instant


class ClockOut(AnswerModel):
    """The service's time."""

    now: Instant
