"""``doorward outbox …``: mail that waits or was given up."""

from typing import Annotated, Any, Literal

from cyclopts import App, Parameter

from application.mail.operation import OPEN, MessageNotFound
from application.mail.ports import HeldMessage
from domain.mail.message import MessageId, MessageStatus
from entrypoints.cli.exits import NOT_FOUND, USAGE, say
from entrypoints.cli.printing import print_json, print_table
from entrypoints.cli.service import in_service
from entrypoints.representations.formats import instant

outbox = App(name="outbox")

_COLUMNS = ("id", "kind", "to", "status", "attempts", "due_at", "expires_at", "last_error")


@outbox.command(name="list")
def list_messages(
    *,
    status: list[Literal["waiting", "sent", "dead", "expired"]] | None = None,
    json: bool = False,
) -> None:
    """List messages: those that wait and those that were given up, if no state is named.

    Parameters
    ----------
    status:
        Only those in this state. May be given several times.
    json:
        Print JSON.
    """
    statuses = [MessageStatus(each) for each in status] if status else OPEN
    messages = in_service(lambda services: services.mail.list_outbox(statuses=statuses))
    rows = [_facts(message) for message in messages]
    if json:
        print_json(rows)
    else:
        print_table(rows, _COLUMNS)


@outbox.command
def redrive(
    *ids: str,
    every: Annotated[bool, Parameter(name="--all", negative="")] = False,
) -> None:
    """Send messages on their way again that were given up; waiting ones wait no longer.

    Parameters
    ----------
    ids:
        Which ones.
    every:
        All that were given up.
    """
    if bool(ids) == every:
        say("Name messages, or say --all.")
        raise SystemExit(USAGE)
    try:
        message_ids = [MessageId.parse(each) for each in ids]
    except ValueError:
        say(f"{MessageNotFound.code}: {MessageNotFound.message}")
        raise SystemExit(NOT_FOUND) from None
    count = in_service(
        lambda services: services.mail.redrive_outbox(message_ids=None if every else message_ids)
    )
    print(f"{count} due now.")


def _facts(message: HeldMessage) -> dict[str, Any]:
    return {
        "id": str(message.id),
        "kind": message.kind,
        "to": message.to,
        "status": message.status.value,
        "attempts": message.attempts,
        "queued_at": instant(message.queued_at),
        "due_at": instant(message.due_at),
        "expires_at": instant(message.expires_at),
        "closed_at": instant(message.closed_at),
        "last_error": message.last_error,
    }
