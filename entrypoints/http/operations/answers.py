"""Health, and the catalogue of errors, as OpenAPI tells it."""

from typing import Literal

from pydantic import Field

from entrypoints.http.edge.answers import AnswerModel


class ErrorCodeOut(AnswerModel):
    """A row of the error catalogue."""

    code: str
    status: int
    meaning: str
    retryable: bool


class HealthOut(AnswerModel):
    """The service's condition, part by part."""

    status: Literal["ok", "unavailable"]
    checks: dict[str, str] = Field(examples=[{"database": "ok", "schema": "ok"}])
