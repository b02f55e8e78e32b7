"""``doorward api-keys …``: keys of users and of service accounts.

A new key is all that standard output gets, this once: ``KEY=$(doorward api-keys create …)``. No
command takes a key: an argument can be read by every user of the machine.
"""

from collections.abc import Sequence
from typing import Annotated, NoReturn

from cyclopts import App, Parameter

from application.api_keys.listing import ShownKey
from application.api_keys.making import NewKey
from domain.api_keys.api_key import ApiKeyNotFound, KeyOwner
from domain.api_keys.key_text import is_key_like
from domain.identifiers import ApiKeyId
from domain.origin import NOWHERE
from domain.principal import OPERATOR
from entrypoints.cli.exits import USAGE, say
from entrypoints.cli.numbers import WholeNumber
from entrypoints.cli.printing import print_json, print_table
from entrypoints.cli.service import Services, in_service
from entrypoints.cli.subject import Service, Subject, found, found_service
from entrypoints.representations.api_keys import api_key_body

api_keys = App(name="api-keys")
_COLUMNS = ("id", "name", "hint", "effective_permissions", "expires_at", "last_used_at")


@api_keys.command(name="list")
def list_api_keys(
    subject: Subject | None = None, *, service: Service | None = None, json: bool = False
) -> None:
    """List the keys of a user, or of a service account; never what they are.

    Parameters
    ----------
    service:
        Those of this service account, by its name or id, in place of SUBJECT.
    """
    _ensure_one(subject, service)

    async def do(services: Services) -> Sequence[ShownKey]:
        owner = await _owner(services, subject, service)
        return await services.api_keys.list(principal=OPERATOR, owner=owner)

    rows = [api_key_body(shown) for shown in in_service(do)]
    if json:
        print_json(rows)
    else:
        print_table(rows, _COLUMNS)


@api_keys.command
def create(
    subject: Subject | None = None,
    *,
    service: Service | None = None,
    name: str,
    permission: Annotated[list[str] | None, Parameter(negative="")] = None,
    expires_in: WholeNumber | None = None,
) -> None:
    """Make a key. It is printed on standard output this once, and nothing else is.

    Parameters
    ----------
    service:
        For this service account, by its name or id, in place of SUBJECT.
    name:
        What uses it.
    permission:
        The most that it gives, as far as its owner has it. May be given several times.
    expires_in:
        It lives for so many seconds. Left out: as long as a key may (API_KEY_MAX_TTL).
    """
    _ensure_one(subject, service)

    async def do(services: Services) -> NewKey:
        return await services.api_keys.create(
            principal=OPERATOR,
            owner=await _owner(services, subject, service),
            name=name,
            permissions=permission or [],
            expires_in=expires_in,
            origin=NOWHERE,
        )

    _hand_over(in_service(do))


@api_keys.command
def rotate(
    subject: Subject | None = None,
    key_id: str | None = None,
    *,
    service: Service | None = None,
    overlap: WholeNumber = 0,
) -> None:
    """Put a new key in the place of one: SUBJECT ID, or --service SERVICE ID.

    The new one is printed on standard output this once, and nothing else is.

    Parameters
    ----------
    key_id:
        The key's id, as `list` shows it.
    service:
        It is one of this service account, by its name or id, in place of SUBJECT.
    overlap:
        The old one lives for so many seconds more, up to 86400.
    """
    subject, key_id = _placed(subject, key_id, service)
    if key_id is None:
        _misused("Say which: the id of a key, as `api-keys list` shows it.")

    async def do(services: Services) -> NewKey:
        owner = await _owner(services, subject, service)
        return await services.api_keys.rotate(
            principal=OPERATOR,
            owner=owner,
            key_id=_parsed(key_id),
            overlap=overlap,
            origin=NOWHERE,
        )

    _hand_over(in_service(do))


@api_keys.command
def revoke(
    subject: Subject | None = None,
    key_id: str | None = None,
    *,
    service: Service | None = None,
    all: Annotated[bool, Parameter(negative="")] = False,  # noqa: A002 - the option's name
    yes: Annotated[bool, Parameter(negative="")] = False,
) -> None:
    """Revoke a key, refused from the next request on: SUBJECT ID, or --service SERVICE ID.

    Parameters
    ----------
    key_id:
        The key's id, as `list` shows it.
    service:
        It is one of this service account, by its name or id, in place of SUBJECT.
    all:
        Every key of the account.
    yes:
        Really all.
    """
    subject, key_id = _placed(subject, key_id, service)
    if all is (key_id is not None):
        _misused("Say which: the id of a key, as `api-keys list` shows it, or --all.")
    if all and not yes:
        _misused("Whatever uses one of the keys stops, and none comes back. Say --yes.")

    async def do(services: Services) -> None:
        owner = await _owner(services, subject, service)
        if key_id is None:
            await services.api_keys.revoke.all(principal=OPERATOR, owner=owner, origin=NOWHERE)
        else:
            await services.api_keys.revoke(
                principal=OPERATOR, owner=owner, key_id=_parsed(key_id), origin=NOWHERE
            )

    in_service(do)
    print("All its keys are revoked." if key_id is None else f"{key_id} revoked.")


def _hand_over(new: NewKey) -> None:
    """Say which key it is, beside the key itself."""
    key = new.shown.key
    end = "never ends" if key.expires_at is None else f"ends {key.expires_at:%Y-%m-%d %H:%M} UTC"
    gives = ", ".join(sorted(new.shown.effective)) or "nothing"
    say(f"{key.id}  {key.hint}…  {end}, gives now: {gives}. The key is not shown again.")
    print(new.text)


def _placed(
    subject: str | None, key_id: str | None, service: str | None
) -> tuple[str | None, str | None]:
    """Return the subject and the id: with --service, what stands alone is the id."""
    _ensure_no_option(subject)
    if service is not None and key_id is None:
        subject, key_id = None, subject
    _ensure_one(subject, service)
    if key_id is not None and is_key_like(key_id):
        # Not echoed: it stands in the shell's history and in the list of processes as it is.
        _misused(
            "That is a key, and not the id of one. Others may have read it: revoke it by its id."
        )
    return subject, key_id


def _ensure_one(subject: str | None, service: str | None) -> None:
    _ensure_no_option(subject)
    if (subject is None) is (service is None):
        _misused("Say whose: SUBJECT, the id or address of a user, or --service SERVICE.")


def _ensure_no_option(subject: str | None) -> None:
    """Refuse what begins like an option: an address may, and has an @."""
    if subject is not None and subject.startswith("-") and "@" not in subject:
        _misused(f"Unknown option: {subject}.")


def _misused(line: str) -> NoReturn:
    say(line)
    raise SystemExit(USAGE)


async def _owner(services: Services, subject: str | None, service: str | None) -> KeyOwner:
    if service is not None:
        return (await found_service(services, service)).id
    return (await found(services, subject or "")).id


def _parsed(key_id: str) -> ApiKeyId:
    try:
        return ApiKeyId.parse(key_id)
    except ValueError:
        raise ApiKeyNotFound from None
