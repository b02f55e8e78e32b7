"""Health, and the catalogue of errors, as OpenAPI tells it."""

from typing import Literal

from pydantic import BaseModel, Field


class ErrorCodeOut(BaseModel):
    """A row of the error catalogue."""

    code: str
    status: int
    meaning: str
    retryable: bool


class HealthOut(BaseModel):
    """The service's condition, part by part."""

    status: Literal["ok", "unavailable"]
    checks: dict[str, str] = Field(examples=[{"database": "ok", "schema": "ok"}])
