"""What goes in about API keys: exactly these fields, of exactly these types (IN-5)."""

from typing import Annotated

from pydantic import Field

from entrypoints.http.edge.parameters import LEFT_OUT
from entrypoints.http.edge.requests import StrictModel


class LeakedKeyRequest(StrictModel):
    """Report a key. Both may be of any length that a body may have: the answer is always 202."""

    key: Annotated[
        str,
        Field(
            description="The key as it was found.",
            examples=["dwk_PHflkWvQ2b5nS8tYcKd3Wf6Hj9Lz4Gx7Rp0Ea2Ui5Oo8Tk1My3Nb6"],
        ),
    ]
    found_at: Annotated[
        str,
        Field(
            description="Where or when it was found, in your words; up to 200 characters are kept.",
            examples=["https://github.com/acme/shop/blob/main/.env"],
        ),
    ] = LEFT_OUT
