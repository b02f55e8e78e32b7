"""The envelope of answers, as OpenAPI tells it."""

from pydantic import BaseModel, Field


class Meta(BaseModel):
    """What is not data."""

    request_id: str = Field(examples=["0b5e7d1c8f4a4a0f9f5b1c2d3e4f5061"])


class ListMeta(Meta):
    """The same for a list."""

    next_cursor: str | None = Field(default=None, description="Null on the last page.")
    limit: int
    count: int | None = Field(default=None, description="Of all pages; only with `count=true`.")


class Envelope[T](BaseModel):
    """A successful answer."""

    data: T
    meta: Meta


class ListEnvelope[T](BaseModel):
    """A successful answer with a list."""

    data: list[T]
    meta: ListMeta
