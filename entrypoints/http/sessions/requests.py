"""What goes in about sessions: exactly these fields, of exactly these types (IN-5)."""

from typing import Annotated

from pydantic import Field

from entrypoints.http.edge.parameters import TOKEN_INPUT
from entrypoints.http.edge.requests import StrictModel

type RefreshTokenInput = Annotated[
    str,
    Field(
        max_length=TOKEN_INPUT,
        examples=[
            "dwr_AZqlwn8-fEGbCi9tHoxLWgAAAAFkPq1Xr7m0vQ2b5nS8tYcKd3Wf6Hj9Lz4Gx7Rp0Ea2Ui5Oo8Tk1My3Nb6Vc9"
        ],
        description="The refresh token that came last.",
    ),
]


class RefreshRequest(StrictModel):
    """Spend a refresh token."""

    refresh_token: RefreshTokenInput
