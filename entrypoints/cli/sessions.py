"""``doorward sessions …``: where users are signed in."""

from cyclopts import App

from domain.identifiers import SessionId
from domain.origin import NOWHERE
from domain.principal import OPERATOR
from domain.sessions.session import EndReason, Session, SessionNotFound
from entrypoints.cli.printing import print_json, print_table
from entrypoints.cli.service import Services, in_service
from entrypoints.cli.subject import Subject, found
from entrypoints.cli.whole_lists import every
from entrypoints.representations.sessions import session_body

sessions = App(name="sessions")
_COLUMNS = ("id", "created_at", "last_used_at", "expires_at", "ip_address", "user_agent")


@sessions.command(name="list")
def list_sessions(subject: Subject, *, json: bool = False) -> None:
    """List a user's living sessions."""
    rows = [
        session_body(session, current=None)
        for session in in_service(lambda services: _all(services, subject))
    ]
    if json:
        print_json(rows)
    else:
        print_table(rows, _COLUMNS)


async def _all(services: Services, subject: str) -> list[Session]:
    user = await found(services, subject)
    return await every(
        lambda asked: services.sessions.list(principal=OPERATOR, user_id=user.id, asked=asked),
        unit="sessions",
    )


@sessions.command
def revoke(subject: Subject, *, session: str | None = None) -> None:
    """End all sessions of a user, or one, effective on the next request.

    Parameters
    ----------
    session:
        Only this one.
    """
    count = in_service(lambda services: _revoke(services, subject, session))
    print(f"{count} ended.")


async def _revoke(services: Services, subject: str, session: str | None) -> int:
    user = await found(services, subject)
    if session is None:
        return await services.sessions.end_all(principal=OPERATOR, user_id=user.id, origin=NOWHERE)
    try:
        session_id = SessionId.parse(session)
    except ValueError:
        raise SessionNotFound from None
    await services.sessions.end(
        principal=OPERATOR,
        user_id=user.id,
        session_id=session_id,
        reason=EndReason.REVOKED_BY_ADMIN,
        origin=NOWHERE,
    )
    return 1
