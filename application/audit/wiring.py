"""The audit capability, put together."""

from collections.abc import Sequence
from dataclasses import dataclass

from application.audit.chaining import ChainAuditTrail
from application.audit.denials import RecordDenial
from application.audit.earlier_keys import EarlierKeys
from application.audit.owned import SecurityEventsData
from application.audit.ports import AuditUnit
from application.audit.recording import Recorder
from application.audit.seals import Seals
from application.audit.trail import ListAuditEvents, ListOwnSecurityEvents
from application.audit.verification import VerifyAuditTrail
from application.kernel import Kernel
from application.owned_data import OwnedData
from application.ports.unit_of_work import UnitOfWorkFactory


@dataclass(frozen=True, slots=True, kw_only=True)
class Audit:
    """What the audit capability offers: to entrypoints, and to the capabilities above it."""

    seals: Seals
    recorder: Recorder
    record_denial: RecordDenial
    list_events: ListAuditEvents
    list_own_events: ListOwnSecurityEvents
    chain: ChainAuditTrail
    verify: VerifyAuditTrail
    earlier_keys: EarlierKeys
    owned: Sequence[OwnedData[AuditUnit]]


def audit(*, kernel: Kernel, units: UnitOfWorkFactory[AuditUnit], routine_too: bool) -> Audit:
    """Return the capability over these ports; ``routine_too``: note routine events as well."""
    seals = Seals(authenticator=kernel.authenticator)
    recorder = Recorder(randomness=kernel.randomness, seals=seals, routine_too=routine_too)
    earlier_keys = EarlierKeys(
        secret_box=kernel.secret_box, randomness=kernel.randomness, seals=seals
    )
    return Audit(
        seals=seals,
        recorder=recorder,
        record_denial=RecordDenial(unit_of_work=units, clock=kernel.clock, recorder=recorder),
        list_events=ListAuditEvents(unit_of_work=units, cursors=kernel.cursors),
        list_own_events=ListOwnSecurityEvents(unit_of_work=units, cursors=kernel.cursors),
        chain=ChainAuditTrail(unit_of_work=units, clock=kernel.clock, seals=seals),
        verify=VerifyAuditTrail(unit_of_work=units, seals=seals, earlier_keys=earlier_keys),
        earlier_keys=earlier_keys,
        owned=(SecurityEventsData(unit_of_work=units),),
    )
