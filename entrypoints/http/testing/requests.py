"""What a product's test asks for."""

from typing import Annotated

from pydantic import Field

from entrypoints.http.edge.parameters import DisplayName, EmailInput, Moment, PasswordInput
from entrypoints.http.edge.requests import StrictModel

_TEN_YEARS = 10 * 366 * 24 * 3600


class ClockRequest(StrictModel):
    """Set the clock; null means the host's time again."""

    now: Moment


class AdvanceRequest(StrictModel):
    """Put the clock forward."""

    seconds: Annotated[int, Field(ge=1, le=_TEN_YEARS)]


class AccountRequest(StrictModel):
    """Make an account as an operator does: unless told otherwise, its address is proven."""

    email: EmailInput
    password: PasswordInput
    display_name: DisplayName = None
    verified: bool = True
    roles: Annotated[list[Annotated[str, Field(max_length=64)]], Field(max_length=50)] = []  # noqa: RUF012 - pydantic copies it for each request
