"""``doorward keys …``: the keys behind access tokens."""

from collections.abc import Sequence
from datetime import datetime
from typing import Annotated

from cyclopts import App, Parameter

from domain.keys.signing_key import SigningKey
from domain.origin import NOWHERE
from domain.principal import OPERATOR
from entrypoints.cli.printing import print_json, print_table
from entrypoints.cli.service import Services, in_service
from entrypoints.cli.whole_lists import every
from entrypoints.representations.keys import signing_key_body

keys = App(name="keys")
_COLUMNS = ("kid", "algorithm", "state", "published_at", "activates_at", "retires_at", "gone_at")


@keys.command(name="list")
def list_keys(*, json: bool = False) -> None:
    """List the keys that are kept, without their private halves."""

    async def do(services: Services) -> tuple[Sequence[SigningKey], datetime]:
        manage = services.keys.manage
        listed = await every(
            lambda asked: manage.listed(principal=OPERATOR, asked=asked), unit="keys"
        )
        return listed, services.ports.clock.now()

    listed, now = in_service(do)
    rows = [signing_key_body(key, now=now) for key in listed]
    if json:
        print_json(rows)
    else:
        print_table(rows, _COLUMNS)


@keys.command
def rotate(*, json: bool = False) -> None:
    """Publish a new key; it signs when every cache has seen it, and nothing else is to be done."""

    async def do(services: Services) -> tuple[SigningKey, datetime]:
        key = await services.keys.manage.rotate(principal=OPERATOR, origin=NOWHERE)
        return key, services.ports.clock.now()

    key, now = in_service(do)
    body = signing_key_body(key, now=now)
    if json:
        print_json(body)
    else:
        print(f"{body['kid']}  {body['state']}  signs from {body['activates_at']}")


@keys.command
def revoke(kid: Annotated[str, Parameter(allow_leading_hyphen=True)]) -> None:
    """Take a key out of the JWKS at once: every token that it signed is refused."""
    in_service(
        lambda services: services.keys.manage.revoke(principal=OPERATOR, kid=kid, origin=NOWHERE)
    )
    print(f"{kid} revoked.")
