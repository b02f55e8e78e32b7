"""The mailbox of a development machine, in ``development_mails``."""

import json
from contextlib import suppress
from dataclasses import asdict
from datetime import datetime

from sqlalchemy import Integer, bindparam, delete, func, insert, select

from adapters.sqlalchemy.connections import Connections
from adapters.sqlalchemy.engine import Engine
from adapters.sqlalchemy.execution import OneByOne
from adapters.sqlalchemy.mail.tables import development_mails
from adapters.sqlalchemy.statements import Statement
from adapters.sqlalchemy.transaction import InTransaction
from application.mail.ports import Mail, Mailbox, Mailer
from application.ports.crypto import SealBroken, SecretBox

KEPT = 500
PURPOSE = "development-mailbox"

_KEEP = Statement(insert(development_mails).values(sealed=bindparam("sealed")))
_FORGET = Statement(
    delete(development_mails).where(
        development_mails.c.number
        <= select(func.max(development_mails.c.number)).scalar_subquery() - KEPT
    )
)
_NEWEST = Statement(
    select(development_mails.c.sealed)
    .order_by(development_mails.c.number.desc())
    .limit(bindparam("limit", type_=Integer))
)


class DevelopmentMailbox(Mailbox):
    """Keeps the newest 500 mails in the database, so that every process shows the same.

    A mail holds a secret that works, so it is sealed: a copy of the database shows no mail
    (RF-5). Mails sealed under another key, and such as another version has written, are passed
    over. With ``forward`` each mail is handed on first, and kept once it is accepted there.
    """

    def __init__(
        self, engine: Engine, secret_box: SecretBox, *, forward: Mailer | None = None
    ) -> None:
        self._connections = Connections(engine)
        self._box = secret_box
        self._forward = forward

    async def send(self, mail: Mail) -> None:
        if self._forward is None:
            await self._keep(mail)
            return
        await self._forward.send(mail)
        # It is accepted: a store that is away just now must not have it sent again (OB-3).
        with suppress(Exception):
            await self._keep(mail)

    async def _keep(self, mail: Mail) -> None:
        execution = InTransaction(self._connections)
        sealed = self._box.seal(_text(mail).encode(), purpose=PURPOSE)
        try:
            await execution.begin()
            await execution.run(_KEEP, sealed=sealed)
            await execution.run(_FORGET)
            await execution.commit()
        finally:
            await execution.end()

    async def newest(self, *, limit: int) -> list[Mail]:
        execution = OneByOne(self._connections)
        try:
            rows = await execution.all(_NEWEST, limit=limit)
        finally:
            await execution.end()
        mails = []
        for (sealed,) in rows:
            with suppress(SealBroken, ValueError, TypeError, LookupError):
                mails.append(_mail(self._box.open(sealed, purpose=PURPOSE)))
        return mails


def _text(mail: Mail) -> str:
    return json.dumps({**asdict(mail), "queued_at": mail.queued_at.isoformat()})


def _mail(text: bytes) -> Mail:
    fields = json.loads(text)
    return Mail(**{**fields, "queued_at": datetime.fromisoformat(fields["queued_at"])})
