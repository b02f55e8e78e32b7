"""The API keys capability, put together."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta

from application.access.wiring import Access
from application.api_keys.access_tokens import IssueKeyToken
from application.api_keys.authentication import AuthenticateKey
from application.api_keys.changing import RenameApiKey, RevokeApiKey
from application.api_keys.expiry import TellOfExpiry
from application.api_keys.holders import KeyHolders
from application.api_keys.introspection import Introspect
from application.api_keys.last_use import KeyUses
from application.api_keys.leaks import ReportLeakedKey
from application.api_keys.listing import EffectiveRights, ListApiKeys
from application.api_keys.making import CreateApiKey, NewKeys, RotateApiKey
from application.api_keys.owned import ApiKeysData
from application.api_keys.ports import ApiKeysUnit
from application.audit.wiring import Audit
from application.housekeeping import Purge, purge_in
from application.kernel import Kernel
from application.keys.wiring import Keys
from application.mail.wiring import Mail
from application.owned_data import OwnedData
from application.ports.unit_of_work import UnitOfWorkFactory
from application.sessions.wiring import Sessions
from domain.assurance import Level

KEEP_EXPIRED = timedelta(days=30)
"""For how long a key that has expired is told from one that never was."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ApiKeys:
    """What the API keys capability offers: to entrypoints, and to the capabilities above it."""

    authenticate: AuthenticateKey
    create: CreateApiKey
    rotate: RotateApiKey
    list: ListApiKeys
    rename: RenameApiKey
    revoke: RevokeApiKey
    uses: KeyUses
    issue_token: IssueKeyToken
    introspect: Introspect
    report_leak: ReportLeakedKey
    tell_of_expiry: TellOfExpiry
    owned: Sequence[OwnedData[ApiKeysUnit]]
    purges: Sequence[Purge]


def api_keys(
    *,
    kernel: Kernel,
    audit: Audit,
    mail: Mail,
    access: Access,
    keys: Keys,
    sessions: Sessions,
    units: UnitOfWorkFactory[ApiKeysUnit],
    longest: timedelta | None,
    administrator_acr: Level | None = None,
) -> ApiKeys:
    """Return the capability over these ports; no key is made for more than ``longest``.

    For keys below ``administrator_acr`` the built-in role is dormant.
    """
    clock, recorder = kernel.clock, audit.recorder
    holders = KeyHolders(freshness=kernel.freshness, clock=clock)
    rights = EffectiveRights(administrator_acr=administrator_acr)
    authenticate = AuthenticateKey(
        unit_of_work=units, clock=clock, administrator_acr=administrator_acr
    )
    new_keys = NewKeys(recorder=recorder, notifications=mail.notifications)
    uses = KeyUses(unit_of_work=units, clock=clock)
    return ApiKeys(
        authenticate=authenticate,
        create=CreateApiKey(
            unit_of_work=units,
            clock=clock,
            randomness=kernel.randomness,
            holders=holders,
            rights=rights,
            new_keys=new_keys,
            known=access.known_permissions,
            count_addition=mail.count_addition,
            longest=longest,
        ),
        rotate=RotateApiKey(
            unit_of_work=units,
            clock=clock,
            randomness=kernel.randomness,
            holders=holders,
            rights=rights,
            new_keys=new_keys,
            count_addition=mail.count_addition,
            longest=longest,
        ),
        list=ListApiKeys(unit_of_work=units, clock=clock, holders=holders, rights=rights),
        rename=RenameApiKey(unit_of_work=units, clock=clock, holders=holders, rights=rights),
        revoke=RevokeApiKey(
            unit_of_work=units, clock=clock, recorder=recorder, holders=holders, rights=rights
        ),
        uses=uses,
        issue_token=IssueKeyToken(
            tokens=keys.tokens,
            clock=clock,
            randomness=kernel.randomness,
            access_ttl=keys.policy.access_ttl,
        ),
        introspect=Introspect(
            of_session=sessions.authenticate, of_key=authenticate, uses=uses, clock=clock
        ),
        report_leak=ReportLeakedKey(
            unit_of_work=units,
            clock=clock,
            randomness=kernel.randomness,
            recorder=recorder,
            notifications=mail.notifications,
            admit=kernel.admit_request,
        ),
        tell_of_expiry=TellOfExpiry(
            unit_of_work=units, clock=clock, notifications=mail.notifications
        ),
        owned=(ApiKeysData(unit_of_work=units),),
        purges=(
            purge_in(
                units,
                "api keys",
                lambda unit, limit: unit.api_key_upkeep.purge(
                    expired_before=clock.now() - KEEP_EXPIRED, limit=limit
                ),
            ),
        ),
    )
