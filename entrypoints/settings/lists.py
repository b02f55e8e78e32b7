"""Lists with commas between, as settings say them."""

from ipaddress import IPv4Network, IPv6Network
from typing import Annotated

from pydantic import BeforeValidator
from pydantic_settings import NoDecode

from entrypoints.settings import addresses

type Networks = Annotated[
    tuple[IPv4Network | IPv6Network, ...], NoDecode, BeforeValidator(addresses.networks)
]
type Origins = Annotated[tuple[str, ...], NoDecode, BeforeValidator(addresses.origins)]
type PasskeyOrigins = Annotated[
    tuple[str, ...] | None, NoDecode, BeforeValidator(addresses.passkey_origins)
]
