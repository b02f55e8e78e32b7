"""The accounts capability, put together."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import partial

from application.access.wiring import Access
from application.accounts.acceptance import AcceptInvitation
from application.accounts.creation import CreateUser
from application.accounts.directory import FindUser, ListUsers, ShowUser
from application.accounts.email_change import ConfirmEmailChange, RequestEmailChange
from application.accounts.erasure import EraseOwnAccount, Eraser, EraseUser
from application.accounts.export import ExportData
from application.accounts.invitations import (
    InviteUser,
    ListInvitations,
    WithdrawInvitation,
    is_invitation_live,
)
from application.accounts.mails import INVITATION, VERIFICATION_REQUESTED
from application.accounts.moderation import ReinstateUser, SuspendUser
from application.accounts.owned import InvitationsData
from application.accounts.ports import AccountsUnit
from application.accounts.profile import EditProfile
from application.accounts.registration import SignUp
from application.accounts.verification import AnswerVerificationRequest, ConfirmEmail
from application.audit.wiring import Audit
from application.credentials.planted import ForgetPlanted
from application.credentials.wiring import Credentials
from application.housekeeping import Purge, purge_in
from application.kernel import Kernel
from application.mail.relay import SecretCheck
from application.mail.request import MailRequestAnswer, RequestMail
from application.mail.wiring import Mail
from application.owned_data import OwnedData
from application.ports.unit_of_work import UnitOfWorkFactory
from domain.mail.message import MessageKind


@dataclass(frozen=True, slots=True, kw_only=True)
class Accounts[U: AccountsUnit]:
    """What the accounts capability offers to entrypoints."""

    sign_up: SignUp
    request_email_verification: RequestMail
    confirm_email: ConfirmEmail
    request_email_change: RequestEmailChange
    confirm_email_change: ConfirmEmailChange
    invite_user: InviteUser
    list_invitations: ListInvitations
    withdraw_invitation: WithdrawInvitation
    accept_invitation: AcceptInvitation
    edit_profile: EditProfile
    list_users: ListUsers
    show_user: ShowUser
    find_user: FindUser
    create_user: CreateUser
    suspend_user: SuspendUser
    reinstate_user: ReinstateUser
    export_data: ExportData[U]
    erase_own_account: EraseOwnAccount[U]
    erase_user: EraseUser[U]
    answers: Mapping[MessageKind, MailRequestAnswer[AccountsUnit]]
    secret_checks: Mapping[MessageKind, SecretCheck]
    purges: Sequence[Purge]


def accounts[U: AccountsUnit](
    *,
    kernel: Kernel,
    audit: Audit,
    mail: Mail,
    access: Access,
    credentials: Credentials[U],
    forget_planted: ForgetPlanted[AccountsUnit],
    units: UnitOfWorkFactory[U],
    owned: Sequence[OwnedData[U]],
    conceal_existing: bool,
    without_password: bool = False,
) -> Accounts[U]:
    """Return the capability over these ports.

    ``owned`` is what all other capabilities hold about a user, in the order of the export;
    ``conceal_existing``: a sign-up does not tell whether the address has an account (EN-1).
    ``without_password``: it needs no password, since there is another way to sign in.
    """
    clock, randomness, recorder = kernel.clock, kernel.randomness, audit.recorder
    guard, secrets, hasher = credentials.guard, credentials.secrets, credentials.hasher
    passwords, notifications = credentials.policy.passwords, mail.notifications
    everything: Sequence[OwnedData[U]] = (*owned, InvitationsData(unit_of_work=units))
    eraser = Eraser(clock=clock, recorder=recorder, notifications=notifications, owned=everything)
    return Accounts(
        sign_up=SignUp(
            unit_of_work=units,
            hasher=hasher,
            policy=passwords,
            clock=clock,
            randomness=randomness,
            recorder=recorder,
            notifications=notifications,
            secrets=secrets,
            mail_allowance=mail.allowance,
            conceal_existing=conceal_existing,
            without_password=without_password,
        ),
        request_email_verification=RequestMail(
            unit_of_work=units,
            clock=clock,
            notifications=notifications,
            kind=VERIFICATION_REQUESTED,
        ),
        confirm_email=ConfirmEmail(
            unit_of_work=units,
            clock=clock,
            recorder=recorder,
            secrets=secrets,
            forget_planted=forget_planted,
        ),
        request_email_change=RequestEmailChange(
            unit_of_work=units,
            reauthenticate=credentials.reauthenticate,
            clock=clock,
            recorder=recorder,
            notifications=notifications,
            secrets=secrets,
            mail_allowance=mail.allowance,
            count_addition=mail.count_addition,
            guard=guard,
        ),
        confirm_email_change=ConfirmEmailChange(
            unit_of_work=units, clock=clock, recorder=recorder, notifications=notifications
        ),
        invite_user=InviteUser(
            unit_of_work=units,
            clock=clock,
            recorder=recorder,
            randomness=randomness,
            secrets=secrets,
            mail_allowance=mail.allowance,
            grants=access.grants,
            ttl=credentials.policy.lifetimes.invitation,
        ),
        list_invitations=ListInvitations(unit_of_work=units, clock=clock, cursors=kernel.cursors),
        withdraw_invitation=WithdrawInvitation(unit_of_work=units, clock=clock, recorder=recorder),
        accept_invitation=AcceptInvitation(
            unit_of_work=units,
            hasher=hasher,
            policy=passwords,
            clock=clock,
            randomness=randomness,
            recorder=recorder,
            forget_planted=forget_planted,
            guard=guard,
            grants=access.grants,
        ),
        edit_profile=EditProfile(unit_of_work=units, clock=clock, recorder=recorder),
        list_users=ListUsers(unit_of_work=units, cursors=kernel.cursors),
        show_user=ShowUser(unit_of_work=units),
        find_user=FindUser(unit_of_work=units),
        create_user=CreateUser(
            unit_of_work=units,
            hasher=hasher,
            policy=passwords,
            clock=clock,
            randomness=randomness,
            recorder=recorder,
            secrets=secrets,
            grants=access.grants,
        ),
        suspend_user=SuspendUser(unit_of_work=units, clock=clock, recorder=recorder),
        reinstate_user=ReinstateUser(unit_of_work=units, clock=clock, recorder=recorder),
        export_data=ExportData(
            unit_of_work=units, clock=clock, recorder=recorder, owned=everything
        ),
        erase_own_account=EraseOwnAccount(
            unit_of_work=units, reauthenticate=credentials.reauthenticate, eraser=eraser
        ),
        erase_user=EraseUser(unit_of_work=units, eraser=eraser),
        answers={
            VERIFICATION_REQUESTED: AnswerVerificationRequest(
                unit_of_work=units, secrets=secrets, clock=clock, mail_allowance=mail.allowance
            )
        },
        secret_checks={INVITATION: partial(is_invitation_live, units)},
        purges=(
            purge_in(
                units,
                "invitations",
                lambda unit, limit: unit.invitations.purge(now=clock.now(), limit=limit),
            ),
        ),
    )
