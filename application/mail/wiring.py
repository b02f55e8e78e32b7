"""The mail capability, put together."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta

from application.housekeeping import Purge, purge_in
from application.kernel import Kernel
from application.mail.allowance import AdditionAllowance, MailAllowance
from application.mail.circuit import MailCircuit
from application.mail.notifications import Notifications
from application.mail.operation import ListOutbox, RedriveOutbox
from application.mail.owned import MessagesData
from application.mail.ports import Mailer, MailUnit
from application.mail.relay import RelayOutbox, SecretCheck
from application.mail.renewal import RenewMailedSecrets
from application.mail.request import MailRequestAnswer
from application.mail.texts import MailText
from application.owned_data import OwnedData
from application.ports.unit_of_work import UnitOfWorkFactory
from domain.mail.circuit import CircuitPolicy
from domain.mail.message import MessageKind

KEEP_SENT_MESSAGES = timedelta(days=7)


@dataclass(frozen=True, slots=True, kw_only=True)
class Mail:
    """What the mail capability offers: to entrypoints, and to the capabilities above it."""

    notifications: Notifications
    allowance: MailAllowance
    count_addition: AdditionAllowance
    circuit: MailCircuit
    list_outbox: ListOutbox
    redrive_outbox: RedriveOutbox
    renew_secrets: RenewMailedSecrets
    owned: Sequence[OwnedData[MailUnit]]
    purges: Sequence[Purge]


def mail(
    *,
    kernel: Kernel,
    units: UnitOfWorkFactory[MailUnit],
    texts: Mapping[MessageKind, MailText],
    link_base_url: str,
    circuit_policy: CircuitPolicy,
) -> Mail:
    """Return the capability over these ports; ``texts`` are the words of every mail."""
    clock = kernel.clock
    return Mail(
        notifications=Notifications(
            secret_box=kernel.secret_box,
            randomness=kernel.randomness,
            link_base_url=link_base_url,
            texts=texts,
        ),
        allowance=MailAllowance(limiter=kernel.limiter, clock=clock, enabled=kernel.rate_limits),
        count_addition=AdditionAllowance(
            limiter=kernel.limiter, clock=clock, enabled=kernel.rate_limits
        ),
        circuit=MailCircuit(unit_of_work=units, clock=clock, policy=circuit_policy),
        list_outbox=ListOutbox(unit_of_work=units),
        redrive_outbox=RedriveOutbox(unit_of_work=units, clock=clock),
        renew_secrets=RenewMailedSecrets(unit_of_work=units, secret_box=kernel.secret_box),
        owned=(MessagesData(unit_of_work=units),),
        purges=(
            purge_in(
                units,
                "sent messages",
                lambda unit, limit: unit.outbox_ledger.purge(
                    before=clock.now() - KEEP_SENT_MESSAGES, limit=limit
                ),
            ),
            purge_in(
                units,
                "secrets of dead messages",
                lambda unit, limit: unit.outbox_ledger.wipe_dead(now=clock.now(), limit=limit),
            ),
        ),
    )


def relay[U: MailUnit](
    *,
    kernel: Kernel,
    mail: Mail,
    units: UnitOfWorkFactory[U],
    mailer: Mailer,
    answers: Mapping[MessageKind, MailRequestAnswer[U]],
    secret_checks: Mapping[MessageKind, SecretCheck],
    retry_after: timedelta,
) -> RelayOutbox[U]:
    """Return the worker's part, which sends what all capabilities have promised."""
    return RelayOutbox(
        unit_of_work=units,
        mailer=mailer,
        notifications=mail.notifications,
        circuit=mail.circuit,
        answers=answers,
        secret_checks=secret_checks,
        clock=kernel.clock,
        randomness=kernel.randomness,
        retry_after=retry_after,
    )
