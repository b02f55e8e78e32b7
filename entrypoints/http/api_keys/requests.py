"""What goes in about API keys: exactly these fields, of exactly these types (IN-5)."""

from typing import Annotated

from pydantic import Field

from entrypoints.http.edge.parameters import LEFT_OUT
from entrypoints.http.edge.requests import StrictModel

type KeyName = Annotated[
    str, Field(max_length=400, examples=["Nightly export"], description="Up to 100 characters.")
]
type KeyPermissions = Annotated[
    list[Annotated[str, Field(max_length=100)]],
    Field(
        max_length=200,
        examples=[["orders:read"]],
        description="The most that the key may do; only what you may do yourself.",
    ),
]


class ApiKeyRequest(StrictModel):
    """Make a key."""

    name: KeyName
    permissions: KeyPermissions
    expires_in: Annotated[
        int,
        Field(
            examples=[7_776_000],
            description="Seconds that it lives; left out, as long as a key may.",
        ),
    ] = LEFT_OUT


class ApiKeyRename(StrictModel):
    """Give a key another name."""

    name: KeyName


class RotationRequest(StrictModel):
    """Put a new key in the place of an old one."""

    overlap: Annotated[
        int, Field(examples=[3600], description="Seconds that the old key lives on, up to 86,400.")
    ] = 0


class LeakedKeyRequest(StrictModel):
    """Report a key. Both may be of any length that a body may have: the answer is always 202."""

    key: Annotated[
        str,
        Field(
            description="The key as it was found.",
            examples=["dwk_9xn7W68yLZsAxObQYPs1OHq9F4Y4aOGCTcVJBbDlEg8000tGL"],
        ),
    ]
    found_at: Annotated[
        str,
        Field(
            description="Where or when it was found, in your words; up to 200 characters are kept.",
            examples=["https://github.com/acme/shop/blob/main/.env"],
        ),
    ] = LEFT_OUT
