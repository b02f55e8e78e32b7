"""The whole service over the memory adapters, with verbs that tests read like stories in.

``Service(grace=…)`` wires every use case as the container does. Knobs are what an operator may
set; ``service.clock`` and ``service.mailbox`` are what a test looks at and turns.
"""

from collections.abc import AsyncIterator, Iterable, Sequence
from contextlib import asynccontextmanager
from datetime import timedelta

from adapters.memory.authenticator import MemoryAuthenticator
from adapters.memory.clock import ManualClock, SeededRandomness
from adapters.memory.idempotency import MemoryIdempotencyStore
from adapters.memory.mailer import MemoryMailbox
from adapters.memory.passwords import CommonPasswordSet, FastPasswordHasher
from adapters.memory.rate_limiter import MemoryRateLimiter
from adapters.memory.secret_box import MemorySecretBox
from adapters.memory.store import MemoryStore, OutboxEntry
from adapters.memory.tokens import OpaqueAccessTokens
from application.administration import (
    EditUser,
    EraseUser,
    ReinstateUser,
    SetRole,
    StartPasswordReset,
    SuspendUser,
    UnlockUser,
)
from application.attempts import AttemptGuard
from application.audit_chain import ChainAuditTrail, VerifyAuditTrail
from application.audit_log import ListAuditEvents
from application.audit_seals import Seals
from application.authentication import Authenticate, Caller, SignIn
from application.authorization import CheckAuthorization, ShowEffectivePermissions
from application.email_changes import ConfirmEmailChange, RequestEmailChange
from application.erasing import Eraser
from application.housekeeping import PurgeExpired
from application.idempotency import IdempotentRequests
from application.invitations import (
    AcceptInvitation,
    InviteUser,
    ListInvitations,
    WithdrawInvitation,
)
from application.key_management import ManageSigningKeys
from application.limits import AdmitRequest, MailAllowance
from application.mail_circuit import MailCircuit
from application.mail_requests import MailRequestAnswer, RequestMail
from application.mailed_secrets import MailedSecrets, SecretLifetimes
from application.notifications import Notifications
from application.outbox import RelayOutbox, RelayReport
from application.outbox_operation import ListOutbox, RedriveOutbox
from application.own_account import EraseOwnAccount, ExportData, ListOwnSecurityEvents
from application.paging import Cursors
from application.password_checks import PasswordChecks, Reauthenticate
from application.passwords import AnswerPasswordResetRequest, ChangePassword, ResetPassword
from application.ports.mailer import Mail, Mailer
from application.ports.outbox import MessageKind, MessageStatus
from application.ports.tokens import AccessClaims
from application.recording import Recorder
from application.registration import (
    AnswerVerificationRequest,
    ConfirmEmail,
    SignUp,
    SignUpReceipt,
    VerifiedUser,
)
from application.roles import (
    ChangeRole,
    DefineRole,
    ListPermissions,
    ListRoles,
    RemoveRole,
    ShowRole,
)
from application.sessions import EndOwnSession, EndOwnSessions, ListOwnSessions, RefreshSession
from application.signing_keys import SigningKeyring
from application.token_grants import SessionStarts, TokenGrant, TokenGrants
from application.user_directory import FindUser, ListUsers, ShowUser
from application.user_sessions import EndUserSession, EndUserSessions, ListUserSessions
from application.users import CreateUser, UpdateOwnProfile
from domain.access import Principal, PrincipalKind
from domain.audit import AuditEvent, Origin
from domain.circuit import CircuitPolicy
from domain.credential import PasswordCredential
from domain.email_address import EmailAddress
from domain.invitation import Invitation
from domain.one_time_token import Purpose
from domain.password_policy import PasswordPolicy
from domain.session import EndReason, Session, SessionPolicy
from domain.sign_in_attempts import AttemptPolicy
from domain.signing_key import SigningAlgorithm
from domain.user import User
from tests.application.doubles import CountingUnits

SECOND = timedelta(seconds=1)
MINUTE = timedelta(minutes=1)
HOUR = timedelta(hours=1)
DAY = timedelta(days=1)
ADA = "ada@example.com"
PASSWORD = "walnut tangent ceiling"
OTHER_PASSWORD = "granite pelican umbrella"
ORIGIN = Origin(ip_address="192.0.2.7", user_agent="curl/8", request_id="r-1")
LINKS = "https://id.example.com"


class Service:
    """Every use case, and the parts that a test may want to turn or look into."""

    def __init__(
        self,
        *,
        conceal_existing: bool = True,
        verified_only: bool = True,
        grace: timedelta = 30 * SECOND,
        idle: timedelta = 14 * DAY,
        absolute: timedelta = 90 * DAY,
        per_user: int = 100,
        max_password: int = 256,
        attempts: int = 10,
        rate_limits: bool = True,
        access_ttl: timedelta = 10 * MINUTE,
        reset_ttl: timedelta = 30 * MINUTE,
        algorithm: SigningAlgorithm = SigningAlgorithm.EDDSA,
        secret_key: bytes = b"k" * 32,
        hasher: FastPasswordHasher | None = None,
        mailer: Mailer | None = None,
        store: MemoryStore | None = None,
        clock: ManualClock | None = None,
        issued: dict[str, AccessClaims] | None = None,
    ) -> None:
        self.store = store or MemoryStore()
        self.units = units = CountingUnits(self.store)
        self.clock = clock = clock or ManualClock()
        self.randomness = randomness = SeededRandomness(id(self) if store else 0)
        self.hasher = hasher = hasher or FastPasswordHasher()
        self.limiter = limiter = MemoryRateLimiter()
        self.mailbox = MemoryMailbox(forward=mailer)
        self.tokens = tokens = OpaqueAccessTokens(issued)
        self.secret_box = secret_box = MemorySecretBox(secret_key)
        self.common = CommonPasswordSet(["password", "qwertyuiop"])
        self.session_policy = SessionPolicy(
            idle=idle, absolute=absolute, grace=grace, per_user=per_user
        )
        seals = Seals(authenticator=MemoryAuthenticator(secret_key))
        self.recorder = recorder = Recorder(randomness=randomness, seals=seals)
        policy = PasswordPolicy(min_length=15, max_length=max_password, common=self.common)
        guard = AttemptGuard(
            policy=AttemptPolicy(attempts=attempts, first_lock=30 * SECOND),
            clock=clock,
            recorder=recorder,
        )
        grants = TokenGrants(tokens=tokens, randomness=randomness, access_ttl=access_ttl)
        self.notifications = notifications = Notifications(
            secret_box=secret_box, randomness=randomness, link_base_url=LINKS
        )
        secrets = MailedSecrets(
            unit_of_work=units,
            notifications=notifications,
            clock=clock,
            randomness=randomness,
            lifetimes=SecretLifetimes(
                email_verification=DAY,
                password_reset=reset_ttl,
                email_change=DAY,
                invitation=7 * DAY,
            ),
        )
        allowance = MailAllowance(limiter=limiter, clock=clock, enabled=rate_limits)
        self.cursors = Cursors(secret_box=secret_box)
        self.keyring = SigningKeyring(
            unit_of_work=units,
            tokens=tokens,
            secret_box=secret_box,
            clock=clock,
            recorder=recorder,
            algorithm=algorithm,
            jwks_max_age=5 * MINUTE,
            access_ttl=access_ttl,
        )
        self.do_sign_up = SignUp(
            unit_of_work=units,
            hasher=hasher,
            policy=policy,
            clock=clock,
            randomness=randomness,
            recorder=recorder,
            notifications=notifications,
            secrets=secrets,
            mail_allowance=allowance,
            conceal_existing=conceal_existing,
        )
        self.request_verification = RequestMail(
            unit_of_work=units,
            clock=clock,
            notifications=notifications,
            kind=MessageKind.VERIFICATION_REQUESTED,
        )
        self.do_confirm = ConfirmEmail(
            unit_of_work=units, clock=clock, recorder=recorder, secrets=secrets
        )
        self.request_reset = RequestMail(
            unit_of_work=units,
            clock=clock,
            notifications=notifications,
            kind=MessageKind.PASSWORD_RESET_REQUESTED,
        )
        self.do_reset = ResetPassword(
            unit_of_work=units,
            hasher=hasher,
            policy=policy,
            clock=clock,
            recorder=recorder,
            notifications=notifications,
            guard=guard,
        )
        session_starts = SessionStarts(
            grants=grants, randomness=randomness, recorder=recorder, policy=self.session_policy
        )
        checks = PasswordChecks(
            unit_of_work=units, hasher=hasher, clock=clock, recorder=recorder, guard=guard
        )
        reauthenticate = Reauthenticate(unit_of_work=units, checks=checks)
        self.do_sign_in = SignIn(
            unit_of_work=units,
            hasher=hasher,
            clock=clock,
            guard=guard,
            checks=checks,
            session_starts=session_starts,
            verified_only=verified_only,
        )
        self.do_change_password = ChangePassword(
            unit_of_work=units,
            reauthenticate=reauthenticate,
            hasher=hasher,
            policy=policy,
            clock=clock,
            recorder=recorder,
            notifications=notifications,
            guard=guard,
            session_starts=session_starts,
        )
        self.do_request_email_change = RequestEmailChange(
            unit_of_work=units,
            reauthenticate=reauthenticate,
            clock=clock,
            recorder=recorder,
            notifications=notifications,
            secrets=secrets,
            mail_allowance=allowance,
            guard=guard,
        )
        self.do_confirm_email_change = ConfirmEmailChange(
            unit_of_work=units, clock=clock, recorder=recorder, notifications=notifications
        )
        self.do_invite = InviteUser(
            unit_of_work=units,
            clock=clock,
            recorder=recorder,
            secrets=secrets,
            mail_allowance=allowance,
        )
        self.list_invitations = ListInvitations(
            unit_of_work=units, clock=clock, cursors=self.cursors
        )
        self.withdraw_invitation = WithdrawInvitation(
            unit_of_work=units, clock=clock, recorder=recorder
        )
        self.do_accept_invitation = AcceptInvitation(
            unit_of_work=units,
            hasher=hasher,
            policy=policy,
            clock=clock,
            randomness=randomness,
            recorder=recorder,
            guard=guard,
        )
        self.list_security_events = ListOwnSecurityEvents(unit_of_work=units, cursors=self.cursors)
        self.export_data = ExportData(unit_of_work=units, clock=clock, recorder=recorder)
        eraser = Eraser(clock=clock, recorder=recorder, notifications=notifications, guard=guard)
        self.erase_own_account = EraseOwnAccount(
            unit_of_work=units, reauthenticate=reauthenticate, eraser=eraser
        )
        self.list_users = ListUsers(unit_of_work=units, cursors=self.cursors)
        self.show_user = ShowUser(unit_of_work=units)
        self.find_user = FindUser(unit_of_work=units)
        self.edit_user = EditUser(unit_of_work=units, clock=clock, recorder=recorder)
        self.erase_user = EraseUser(unit_of_work=units, eraser=eraser)
        self.unlock_user = UnlockUser(
            unit_of_work=units, clock=clock, recorder=recorder, guard=guard
        )
        self.start_password_reset = StartPasswordReset(
            unit_of_work=units, clock=clock, recorder=recorder, secrets=secrets
        )
        self.list_user_sessions = ListUserSessions(
            unit_of_work=units, clock=clock, cursors=self.cursors
        )
        self.end_user_session = EndUserSession(unit_of_work=units, clock=clock, recorder=recorder)
        self.end_user_sessions = EndUserSessions(unit_of_work=units, clock=clock, recorder=recorder)
        self.check_authorization = CheckAuthorization(unit_of_work=units)
        self.show_effective_permissions = ShowEffectivePermissions(unit_of_work=units)
        self.chain_audit_trail = ChainAuditTrail(unit_of_work=units, clock=clock, seals=seals)
        self.verify_audit_trail = VerifyAuditTrail(unit_of_work=units, seals=seals)
        self.list_audit_events = ListAuditEvents(unit_of_work=units, cursors=self.cursors)
        self.signing_keys = ManageSigningKeys(keyring=self.keyring, cursors=self.cursors)
        self.do_authenticate = Authenticate(
            unit_of_work=units, tokens=tokens, keyring=self.keyring, clock=clock
        )
        self.do_refresh = RefreshSession(
            unit_of_work=units,
            clock=clock,
            randomness=randomness,
            recorder=recorder,
            notifications=notifications,
            grants=grants,
            session_policy=self.session_policy,
        )
        self.list_sessions = ListOwnSessions(unit_of_work=units, clock=clock, cursors=self.cursors)
        self.end_session = EndOwnSession(unit_of_work=units, clock=clock, recorder=recorder)
        self.end_sessions = EndOwnSessions(unit_of_work=units, clock=clock, recorder=recorder)
        self.update_profile = UpdateOwnProfile(unit_of_work=units, clock=clock, recorder=recorder)
        self.create_user = CreateUser(
            unit_of_work=units,
            hasher=hasher,
            policy=policy,
            clock=clock,
            randomness=randomness,
            recorder=recorder,
            secrets=secrets,
        )
        self.suspend_user = SuspendUser(unit_of_work=units, clock=clock, recorder=recorder)
        self.reinstate_user = ReinstateUser(unit_of_work=units, clock=clock, recorder=recorder)
        self.set_role = SetRole(
            unit_of_work=units, clock=clock, recorder=recorder, notifications=notifications
        )
        self.list_roles = ListRoles(unit_of_work=units, cursors=self.cursors)
        self.show_role = ShowRole(unit_of_work=units)
        self.list_permissions = ListPermissions(unit_of_work=units, cursors=self.cursors)
        self.define_role = DefineRole(unit_of_work=units, clock=clock, recorder=recorder)
        self.change_role = ChangeRole(unit_of_work=units, clock=clock, recorder=recorder)
        self.remove_role = RemoveRole(unit_of_work=units, clock=clock, recorder=recorder)
        self.list_outbox = ListOutbox(unit_of_work=units)
        self.redrive_outbox = RedriveOutbox(unit_of_work=units, clock=clock)
        answers: dict[MessageKind, MailRequestAnswer] = {
            MessageKind.VERIFICATION_REQUESTED: AnswerVerificationRequest(
                secrets=secrets, clock=clock, mail_allowance=allowance
            ),
            MessageKind.PASSWORD_RESET_REQUESTED: AnswerPasswordResetRequest(
                secrets=secrets, clock=clock, recorder=recorder, mail_allowance=allowance
            ),
        }
        self.circuit = MailCircuit(
            unit_of_work=units,
            clock=clock,
            policy=CircuitPolicy(
                failures=5, pause=20 * SECOND, longest_pause=4 * MINUTE, patience=2 * MINUTE
            ),
        )
        self.relay = RelayOutbox(
            unit_of_work=units,
            mailer=self.mailbox,
            notifications=notifications,
            secrets=secrets,
            circuit=self.circuit,
            answers=answers,
            clock=clock,
            randomness=randomness,
            retry_after=10 * SECOND,
        )
        self.idempotent_requests = IdempotentRequests(
            store=MemoryIdempotencyStore(),
            secret_box=secret_box,
            authenticator=MemoryAuthenticator(secret_key),
            clock=clock,
            patience=MINUTE,
        )
        self.purge = PurgeExpired(
            unit_of_work=units,
            limiter=limiter,
            idempotent_requests=self.idempotent_requests,
            clock=clock,
            grace=grace,
        )
        self.admit = AdmitRequest(limiter=limiter, clock=clock, enabled=rate_limits)

    # --- verbs -------------------------------------------------------------------------------

    async def sign_up(
        self, email: str = ADA, password: str = PASSWORD, *, name: str | None = None
    ) -> SignUpReceipt:
        """Sign up, a moment later than whatever was before: mail of one moment has no order."""
        self.clock.advance(timedelta(milliseconds=1))
        return await self.do_sign_up(
            email=email, password=password, display_name=name, origin=ORIGIN
        )

    async def confirm(self, token: str) -> VerifiedUser:
        """Spend a verification secret."""
        return await self.do_confirm(token=token, origin=ORIGIN)

    async def sign_in(
        self, email: str = ADA, password: str = PASSWORD, *, origin: Origin = ORIGIN
    ) -> TokenGrant:
        """Sign in, after making sure that there is a key to sign with."""
        if not self.keyring.is_loaded:
            await self.keyring.prepare()
        return await self.do_sign_in(email=email, password=password, origin=origin)

    async def refresh(self, token: str) -> TokenGrant:
        """Spend a refresh token."""
        return await self.do_refresh(refresh_token=token, origin=ORIGIN)

    async def authenticate(self, grant: TokenGrant) -> Caller:
        """Say who comes with the grant's access token."""
        return await self.do_authenticate(access_token=grant.access_token)

    async def sign_out(self, grant: TokenGrant) -> None:
        """End the grant's own session."""
        await self.end_session(
            principal=principal_of(grant),
            session_id=grant.session.id,
            reason=EndReason.SIGNED_OUT,
            origin=ORIGIN,
        )

    async def reset_password(self, token: str, password: str = OTHER_PASSWORD) -> None:
        """Set a new password with a mailed secret."""
        await self.do_reset(token=token, new_password=password, origin=ORIGIN)

    async def forgotten_password(self, email: str = ADA) -> str:
        """Ask for a reset mail and return the secret in it."""
        await self.request_reset(email=email, origin=ORIGIN)
        return await self.mailed_token(email)

    async def verified_user(self, email: str = ADA, password: str = PASSWORD) -> User:
        """Sign somebody up, read their mail and confirm the address."""
        await self.sign_up(email, password)
        return (await self.confirm(await self.mailed_token(email))).user

    async def signed_in_user(self, email: str = ADA, password: str = PASSWORD) -> TokenGrant:
        """Make a verified user and sign them in."""
        await self.verified_user(email, password)
        return await self.sign_in(email, password)

    async def change_password(
        self, grant: TokenGrant, current: str = PASSWORD, new: str = OTHER_PASSWORD
    ) -> TokenGrant:
        """Set a new password with the present one."""
        return await self.do_change_password(
            principal=principal_of(grant), current_password=current, new_password=new, origin=ORIGIN
        )

    async def ask_to_move(
        self, grant: TokenGrant, new_email: str, password: str = PASSWORD
    ) -> None:
        """Ask to move to another address."""
        await self.do_request_email_change(
            principal=principal_of(grant), new_email=new_email, password=password, origin=ORIGIN
        )

    async def confirm_move(self, token: str) -> User:
        """Spend the secret that came to the new address."""
        return await self.do_confirm_email_change(token=token, origin=ORIGIN)

    async def invite(
        self, principal: Principal, email: str = ADA, roles: Sequence[str] = ()
    ) -> Invitation:
        """Ask somebody to join."""
        self.clock.advance(timedelta(milliseconds=1))
        return await self.do_invite(principal=principal, email=email, roles=roles, origin=ORIGIN)

    async def accept_invitation(
        self, token: str, password: str = PASSWORD, *, name: str | None = None
    ) -> User:
        """Spend an invitation."""
        return await self.do_accept_invitation(
            token=token, password=password, display_name=name, origin=ORIGIN
        )

    async def operator_makes(
        self,
        principal: Principal,
        email: str = ADA,
        *,
        password: str | None = PASSWORD,
        roles: Sequence[str] = (),
        verified: bool = True,
    ) -> User:
        """Make a user from the command line."""
        return await self.create_user(
            principal=principal,
            email=email,
            password=password,
            display_name=None,
            roles=roles,
            verified=verified,
            origin=ORIGIN,
        )

    # --- mail --------------------------------------------------------------------------------

    async def deliver(self) -> list[RelayReport]:
        """Let the worker run until nothing is due."""
        rounds = []
        while (report := await self.relay()).claimed:
            rounds.append(report)
        return rounds

    async def mails(self, to: str = ADA) -> list[Mail]:
        """Deliver, and return the mails of one mailbox, the oldest first."""
        await self.deliver()
        return [mail for mail in self.mailbox.mails if mail.to == to]

    async def mailed_token(self, to: str = ADA) -> str:
        """Deliver, and return the newest secret that came to the mailbox."""
        tokens = [mail.token for mail in await self.mails(to) if mail.token is not None]
        return tokens[-1]

    async def subjects(self, to: str = ADA) -> list[str]:
        """Deliver, and return what the mails of one mailbox are about."""
        return [mail.subject for mail in await self.mails(to)]

    # --- a look inside -----------------------------------------------------------------------

    def audited(self, *types: str) -> list[AuditEvent]:
        """Return the rows of the audit trail, the oldest first, or those of some types."""
        rows = list(self.store.audit.rows.values())
        return [row for row in rows if not types or row.type in types]

    def user(self, email: str = ADA) -> User:
        """Return the user as the store has it."""
        key = EmailAddress.parse(email).key
        (found,) = [user for user in self.store.users.rows.values() if user.email.key == key]
        return found

    def credential(self, email: str = ADA) -> PasswordCredential | None:
        """Return the user's credential as the store has it."""
        return self.store.credentials.rows.get(self.user(email).id)

    def living(self, email: str = ADA) -> list[Session]:
        """Return the user's living sessions."""
        user, now = self.user(email), self.clock.now()
        sessions = self.store.sessions.rows.values()
        return [s for s in sessions if s.user_id == user.id and s.over(now) is None]

    def purposes(self, email: str = ADA) -> set[Purpose]:
        """Return for what the user has secrets that were not spent."""
        user = self.user(email)
        return {purpose for owner, purpose in self.store.one_time_tokens.rows if owner == user.id}

    def queue(self, status: MessageStatus = MessageStatus.WAITING) -> list[OutboxEntry]:
        """Return the outbox's entries in that state."""
        return [entry for entry in self.store.outbox.rows.values() if entry.status is status]

    async def suspend(self, email: str = ADA, *, end_sessions: bool = False) -> None:
        """Suspend a user as an administrator would."""
        async with self.units() as unit:
            user = await unit.users.find_by_email(EmailAddress.parse(email))
            assert user is not None
            user.suspend("spam", now=self.clock.now())
            await unit.users.save(user)
            if end_sessions:
                now = self.clock.now()
                await unit.sessions.end_all(user.id, EndReason.USER_SUSPENDED, now=now)
            await unit.commit()

    async def reinstate(self, email: str = ADA) -> None:
        """Lift a suspension."""
        async with self.units() as unit:
            user = await unit.users.find_by_email(EmailAddress.parse(email))
            assert user is not None
            user.reinstate(now=self.clock.now())
            await unit.users.save(user)
            await unit.commit()

    async def erase(self, email: str = ADA) -> None:
        """Remove a user and everything of theirs."""
        async with self.units() as unit:
            await unit.users.remove(self.user(email).id)
            await unit.commit()

    @property
    def spent_hashes(self) -> int:
        """How many password hashes were computed, for whatever purpose."""
        return self.hasher.evaluations + self.hasher.hashes

    def snapshot(self) -> tuple[object, ...]:
        """Return everything that is stored, to show that nothing was written."""
        tables = (
            self.store.users,
            self.store.roles,
            self.store.credentials,
            self.store.sessions,
            self.store.one_time_tokens,
            self.store.invitations,
            self.store.attempts,
            self.store.circuits,
            self.store.signing_keys,
            self.store.outbox,
            self.store.audit,
        )
        return tuple(dict(table.rows) for table in tables)

    @asynccontextmanager
    async def unchanged(self) -> AsyncIterator[None]:
        """Check that what happens inside writes nothing."""
        before = self.snapshot()
        yield
        assert self.snapshot() == before


def principal_of(grant: TokenGrant) -> Principal:
    """Return the principal that the grant's access token stands for."""
    return Principal(
        kind=PrincipalKind.USER,
        user_id=grant.user.id,
        session_id=grant.session.id,
        roles=grant.user.roles,
        permissions=grant.user.permissions,
    )


def kinds(rows: Iterable[AuditEvent]) -> list[str]:
    """Return the types of the rows."""
    return [row.type for row in rows]
