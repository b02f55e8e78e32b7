"""
An account with a past: more sessions and audit rows than anything reads at once.
"""

import secrets
from datetime import datetime, timedelta

from application.ports.unit_of_work import UnitOfWorkFactory
from application.service import ServiceUnit
from domain.assurance import Evidence, Method
from domain.audit.event import AuditEvent, AuditEventId, Party
from domain.email_address import EmailAddress
from domain.origin import Origin
from domain.sessions.session import EndReason, Session, SessionPolicy
from domain.users.user import User

_POLICY = SessionPolicy(
    idle=timedelta(days=14), absolute=timedelta(days=90), grace=timedelta(seconds=30), per_user=100
)
_HERE = Origin(ip_address="203.0.113.7", user_agent="Mozilla/5.0 (X11)", request_id="a" * 32)


async def live_long(
    units: UnitOfWorkFactory[ServiceUnit], email: str, *, sessions: int, events: int, now: datetime
) -> None:
    """
    Give the account so many sessions that are over, and so many rows of the audit trail.
    """
    async with units() as unit:
        user = await unit.users.find_by_email(EmailAddress.parse(email))
        assert user is not None
        for number in range(sessions):
            await unit.sessions.add(_session(user, now - timedelta(minutes=1 + number)))
        for number in range(events):
            await unit.audit.append(_event(user, now - timedelta(minutes=1 + number)))
        await unit.commit()


def _session(user: User, began: datetime) -> Session:
    session, _, _ = Session.start(
        user_id=user.id,
        evidence=Evidence.of(Method.PASSWORD),
        policy=_POLICY,
        ip_address=_HERE.ip_address,
        user_agent=_HERE.user_agent,
        now=began,
        entropy=secrets.token_bytes,
    )
    session.end(EndReason.SIGNED_OUT, now=began + timedelta(seconds=1))
    return session


def _event(user: User, at: datetime) -> AuditEvent:
    return AuditEvent(
        id=AuditEventId.new(at, secrets.token_bytes),
        occurred_at=at,
        type="session.refreshed",
        outcome="success",
        reason=None,
        actor=Party("user", str(user.id)),
        target=Party("user", str(user.id)),
        origin=_HERE,
    )
