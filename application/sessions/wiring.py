"""The sessions capability, put together."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta

from application.audit.wiring import Audit
from application.housekeeping import Purge, purge_in
from application.kernel import Kernel
from application.keys.wiring import Keys
from application.mail.wiring import Mail
from application.owned_data import OwnedData
from application.ports.unit_of_work import UnitOfWorkFactory
from application.sessions.authentication import Authenticate
from application.sessions.ending import EndSession, EndSessions
from application.sessions.listing import ListSessions
from application.sessions.owned import SessionsData
from application.sessions.ports import SessionsUnit
from application.sessions.refresh import RefreshSession
from application.sessions.token_grants import SessionStarts, TokenGrants
from domain.assurance import Level
from domain.sessions.session import SessionPolicy

KEEP_ENDED_SESSIONS = timedelta(days=7)


@dataclass(frozen=True, slots=True, kw_only=True)
class Sessions:
    """What the sessions capability offers: to entrypoints, and to the capabilities above it."""

    policy: SessionPolicy
    grants: TokenGrants
    starts: SessionStarts
    authenticate: Authenticate
    refresh: RefreshSession
    list: ListSessions
    end: EndSession
    end_all: EndSessions
    owned: Sequence[OwnedData[SessionsUnit]]
    purges: Sequence[Purge]


def sessions(
    *,
    kernel: Kernel,
    audit: Audit,
    mail: Mail,
    keys: Keys,
    units: UnitOfWorkFactory[SessionsUnit],
    policy: SessionPolicy,
    administrator_acr: Level | None = None,
) -> Sessions:
    """Return the capability over these ports.

    In sessions below ``administrator_acr`` the built-in role is dormant.
    """
    clock, recorder = kernel.clock, audit.recorder
    grants = TokenGrants(
        tokens=keys.tokens,
        randomness=kernel.randomness,
        access_ttl=keys.policy.access_ttl,
        administrator_acr=administrator_acr,
    )
    return Sessions(
        policy=policy,
        grants=grants,
        starts=SessionStarts(
            grants=grants, randomness=kernel.randomness, recorder=recorder, policy=policy
        ),
        authenticate=Authenticate(
            unit_of_work=units,
            tokens=keys.tokens,
            keyring=keys.keyring,
            clock=clock,
            administrator_acr=administrator_acr,
        ),
        refresh=RefreshSession(
            unit_of_work=units,
            clock=clock,
            randomness=kernel.randomness,
            recorder=recorder,
            notifications=mail.notifications,
            grants=grants,
            session_policy=policy,
        ),
        list=ListSessions(unit_of_work=units, clock=clock, cursors=kernel.cursors),
        end=EndSession(unit_of_work=units, clock=clock, recorder=recorder),
        end_all=EndSessions(unit_of_work=units, clock=clock, recorder=recorder),
        owned=(SessionsData(unit_of_work=units),),
        purges=(
            purge_in(
                units,
                "sessions",
                lambda unit, limit: unit.sessions.purge(
                    over_before=clock.now() - KEEP_ENDED_SESSIONS, limit=limit
                ),
            ),
            purge_in(
                units,
                "sealed successors",
                lambda unit, limit: unit.sessions.wipe_successors(
                    rotated_before=clock.now() - policy.grace, limit=limit
                ),
            ),
        ),
    )
