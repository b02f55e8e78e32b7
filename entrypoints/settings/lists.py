"""Lists with commas between, as settings say them."""

from ipaddress import IPv4Network, IPv6Network
from typing import Annotated, Literal

from pydantic import BeforeValidator, Field
from pydantic_settings import NoDecode

from entrypoints.settings import addresses

type Networks = Annotated[
    tuple[IPv4Network | IPv6Network, ...], NoDecode, BeforeValidator(addresses.networks)
]
type Origins = Annotated[tuple[str, ...], NoDecode, BeforeValidator(addresses.origins)]
type SignInMethodList = Annotated[
    tuple[Literal["password", "passkey", "email"], ...],
    NoDecode,
    BeforeValidator(addresses.words),
    Field(min_length=1),
]
type PasskeyOrigins = Annotated[
    tuple[str, ...] | None, NoDecode, BeforeValidator(addresses.passkey_origins)
]
