"""What goes in about documents: exactly these fields, of exactly these types."""

from typing import Annotated

from pydantic import Field

from entrypoints.http.edge.parameters import Moment
from entrypoints.http.edge.requests import StrictModel

type Title = Annotated[str, Field(max_length=1000, examples=["On the Analytical Engine"])]
type Text = Annotated[str, Field(max_length=100_000, examples=["It weaves algebraic patterns."])]


class DocumentRequest(StrictModel):
    """Write a document."""

    title: Title
    text: Text
    expires_at: Annotated[Moment, Field(description="When it is over; null for never.")] = None


class DocumentChangeRequest(StrictModel):
    """Give a document another title and text."""

    title: Title
    text: Text
