"""The development mailbox: mails that would have been sent. Does not exist in production."""

import asyncio

import orjson
from fastapi import Request, Response

from application.mail.ports import Mail
from entrypoints.http.edge.dependencies import Parts, Services
from entrypoints.http.edge.router import Router
from entrypoints.http.mail.answers import MailboxOut
from entrypoints.http.pages.rendering import mailbox_page
from entrypoints.lifecycle import drain_outbox
from entrypoints.representations.formats import instant

router = Router(prefix="/dev", tags=["Development"])

SHOWN = 100
PATIENCE = 2.0
_draining: set[asyncio.Task[None]] = set()
"""What goes on behind an answer; the set keeps it from being lost on the way."""


@router.get(
    "/mailbox",
    summary="Mails that would have been sent",
    response_model=MailboxOut,
    responses={200: {"content": {"text/html": {}}}},
)
async def list_mails(request: Request, container: Parts, services: Services) -> Response:
    """Return the newest mails, as a page or, with `Accept: application/json`, as JSON."""
    if container.settings().run_worker:
        # So that a user who has just signed up need not wait for the worker's next round.
        # A mail that takes longer is not cut off; it shows up at the next look.
        drain = asyncio.create_task(drain_outbox(services))
        _draining.add(drain)
        drain.add_done_callback(_draining.discard)
        await asyncio.wait({drain}, timeout=PATIENCE)
    mails = await container.mailbox().newest(limit=SHOWN)
    if _wants_page(request):
        return mailbox_page(mails)
    return Response(orjson.dumps({"data": [_body(mail) for mail in mails]}),
                    media_type="application/json")  # fmt: skip


def _wants_page(request: Request) -> bool:
    accept = request.headers.get("accept", "")
    return "text/html" in accept and "application/json" not in accept


def _body(mail: Mail) -> dict[str, str | None]:
    return {
        "to": mail.to,
        "subject": mail.subject,
        "text": mail.text,
        "html": mail.html,
        "link": mail.link,
        "token": mail.token,
        "queued_at": instant(mail.queued_at),
    }
