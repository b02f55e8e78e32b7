"""What goes in about service accounts: exactly these fields, of exactly these types (IN-5)."""

from typing import Annotated

from pydantic import Field

from entrypoints.http.edge.parameters import LEFT_OUT
from entrypoints.http.edge.requests import StrictModel

type AccountName = Annotated[
    str,
    Field(
        max_length=400,
        examples=["Billing"],
        description="Up to 100 characters; no other account may have it, in whichever case.",
    ),
]
type AccountDescription = Annotated[
    str | None,
    Field(max_length=2000, examples=["Writes the invoices."], description="One line."),
]


class ServiceAccountRequest(StrictModel):
    """Make a service account."""

    name: AccountName
    description: AccountDescription = None


class ServiceAccountChange(StrictModel):
    """Change a service account; a field that is left out stays as it is."""

    name: AccountName = LEFT_OUT
    description: AccountDescription = None


class ServiceAccountSuspension(StrictModel):
    """Suspend a service account."""

    reason: Annotated[str, Field(max_length=2000, examples=["Its host was broken into."])] = (
        LEFT_OUT
    )
