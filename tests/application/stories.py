"""Stories on the memory adapters: verbs that read like what a user does, and a look inside."""

from collections.abc import AsyncIterator, Iterable, Sequence
from contextlib import asynccontextmanager
from datetime import timedelta
from typing import Any

import pyotp
import pytest

from adapters.memory.audit.tables import AUDIT
from adapters.memory.credentials.one_time_tokens import ONE_TIME_TOKENS
from adapters.memory.mail.tables import OUTBOX, OutboxEntry
from adapters.memory.sessions.sessions import SESSIONS
from adapters.memory.users.tables import CREDENTIALS, USERS
from application.accounts.registration import SignUpReceipt
from application.accounts.verification import VerifiedUser
from application.factors.challenges import IssuedChallenge
from application.factors.proofs import Proof, ProofKind
from application.factors.sign_in import SecondFactorRequired
from application.keys.ports import AccessClaims
from application.mail.ports import Mail
from application.mail.relay import RelayReport
from application.sessions.authentication import Caller
from application.sessions.token_grants import TokenGrant
from domain.access.role import Role
from domain.accounts.invitation import Invitation
from domain.assurance import Evidence, Method
from domain.audit.event import AuditEvent
from domain.credentials.one_time_token import Purpose
from domain.credentials.password import PasswordCredential
from domain.email_address import EmailAddress
from domain.identifiers import UserId
from domain.mail.message import MessageStatus
from domain.origin import Origin
from domain.principal import OPERATOR, Permission, Principal, PrincipalKind
from domain.sessions.session import EndReason, Session
from domain.users.user import User
from tests.application.service import LINKS, MemoryService
from tests.support.soft_passkey import MemoryKey, SoftPasskey

ADA = "ada@example.com"
PASSWORD = "walnut tangent ceiling"
OTHER_PASSWORD = "granite pelican umbrella"
ORIGIN = Origin(ip_address="192.0.2.7", user_agent="curl/8", request_id="r-1")


class AuthenticatorApp:
    """An authenticator app that a user has set up: pyotp, at the service's time."""

    def __init__(self, service: MemoryService, secret: str) -> None:
        self._service, self._totp = service, pyotp.TOTP(secret)

    def code(self, *, steps: int = 0) -> str:
        """Return the code of the present step, or of one so many steps away."""
        return self._totp.at(self._service.clock.now() + steps * timedelta(seconds=30))

    def proof(self, *, steps: int = 0) -> Proof:
        """Return the code as a proof."""
        return Proof(ProofKind.TOTP, self.code(steps=steps))


class Service(MemoryService):
    """The service, with verbs."""

    # --- verbs -------------------------------------------------------------------------------

    async def sign_up(
        self, email: str = ADA, password: str = PASSWORD, *, name: str | None = None
    ) -> SignUpReceipt:
        """Sign up, a moment later than whatever was before: mail of one moment has no order."""
        self.clock.advance(timedelta(milliseconds=1))
        return await self.accounts.sign_up(
            email=email, password=password, display_name=name, origin=ORIGIN
        )

    async def confirm(self, token: str) -> VerifiedUser:
        """Spend a verification secret."""
        return await self.accounts.confirm_email(token=token, origin=ORIGIN)

    async def sign_in(
        self,
        email: str = ADA,
        password: str = PASSWORD,
        *,
        origin: Origin = ORIGIN,
        proof: Proof | None = None,
        **more: Any,
    ) -> TokenGrant:
        """Sign in, after making sure that there is a key to sign with."""
        if not self.keys.keyring.is_loaded:
            await self.keys.keyring.prepare()
        return await self.factors.sign_in(
            email=email, password=password, proof=proof, origin=origin, **more
        )

    async def enrol_totp(self, grant: TokenGrant) -> tuple[AuthenticatorApp, Sequence[str]]:
        """Add an authenticator app; return it, and the recovery codes that came with it."""
        begun = await self.factors.begin_totp(principal=principal_of(grant))
        app = AuthenticatorApp(self, begun.secret)
        enrolled = await self.factors.confirm_totp(
            principal=principal_of(grant),
            enrolment=begun.enrolment,
            code=app.code(),
            name="My phone",
            origin=ORIGIN,
        )
        return app, enrolled.recovery_codes or ()

    def device(self, **facts: Any) -> SoftPasskey:
        """Return a device that the memory adapter understands, on a page of the service."""
        chosen: dict[str, Any] = {"origin": LINKS, "key": MemoryKey()} | facts
        return SoftPasskey(**chosen)

    async def enrol_passkey(
        self, grant: TokenGrant, device: SoftPasskey | None = None
    ) -> tuple[SoftPasskey, Sequence[str]]:
        """Add a passkey; return its device, and the recovery codes that came with it."""
        device = device or self.device()
        begun = await self.factors.begin_passkey(principal=principal_of(grant))
        enrolled = await self.factors.confirm_passkey(
            principal=principal_of(grant),
            enrolment=begun.enrolment,
            credential=device.create(begun.options),
            name="My key",
            origin=ORIGIN,
        )
        return device, enrolled.recovery_codes or ()

    async def sign_in_with(self, device: SoftPasskey) -> TokenGrant:
        """Sign in with nothing but a passkey."""
        begun = await self.factors.begin_passkey_sign_in()
        proof = Proof(ProofKind.PASSKEY, device.get(begun.options))
        return await self.complete(begun.challenge, proof)

    async def challenged(self, email: str = ADA, password: str = PASSWORD) -> IssuedChallenge:
        """Sign in with the password alone; return what the service asks for beside it."""
        with pytest.raises(SecondFactorRequired) as asked:
            await self.sign_in(email, password)
        assert asked.value.challenge is not None
        return asked.value.challenge

    async def complete(self, challenge: str, proof: Proof) -> TokenGrant:
        """Complete a sign-in with a proof."""
        return await self.factors.complete_sign_in(challenge=challenge, proof=proof, origin=ORIGIN)

    async def step_up(
        self,
        grant: TokenGrant,
        proof: Proof,
        *,
        challenge: str | None = None,
        refresh_token: str | None = None,
    ) -> TokenGrant:
        """Show something in a session, with its refresh token or another one."""
        return await self.factors.step_up(
            principal=principal_of(grant),
            refresh_token=refresh_token or grant.refresh_token,
            proof=proof,
            challenge=challenge,
            origin=ORIGIN,
        )

    async def refresh(self, token: str) -> TokenGrant:
        """Spend a refresh token."""
        return await self.sessions.refresh(refresh_token=token, origin=ORIGIN)

    async def shows(self, grant: TokenGrant, *methods: Method) -> TokenGrant:
        """Note that this was shown in the grant's session as well; return tokens that know it."""
        async with self.units() as unit:
            session = await unit.sessions.get(grant.session.id)
            assert session is not None
            evidence = Evidence.of(*methods)
            session.assurance = session.assurance.raised_by(evidence, at=self.clock.now())
            await unit.sessions.save(session)
            await unit.commit()
        return await self.refresh(grant.refresh_token)

    def claims(self, grant: TokenGrant) -> AccessClaims:
        """Return what the grant's access token says."""
        return self.ports.access_tokens.verify(grant.access_token, now=self.clock.now())

    async def authenticate(self, grant: TokenGrant) -> Caller:
        """Say who comes with the grant's access token."""
        return await self.sessions.authenticate(access_token=grant.access_token)

    async def sign_out(self, grant: TokenGrant) -> None:
        """End the grant's own session."""
        await self.sessions.end(
            principal=principal_of(grant),
            session_id=grant.session.id,
            reason=EndReason.SIGNED_OUT,
            origin=ORIGIN,
        )

    async def reset_password(self, token: str, password: str = OTHER_PASSWORD) -> None:
        """Set a new password with a mailed secret."""
        await self.credentials.reset_password(token=token, new_password=password, origin=ORIGIN)

    async def forgotten_password(self, email: str = ADA) -> str:
        """Ask for a reset mail and return the secret in it."""
        await self.credentials.request_password_reset(email=email, origin=ORIGIN)
        return await self.mailed_token(email)

    async def verified_user(self, email: str = ADA, password: str = PASSWORD) -> User:
        """Sign a user up, read their mail and confirm the address."""
        await self.sign_up(email, password)
        return (await self.confirm(await self.mailed_token(email))).user

    async def signed_in_user(self, email: str = ADA, password: str = PASSWORD) -> TokenGrant:
        """Make a verified user and sign them in."""
        await self.verified_user(email, password)
        return await self.sign_in(email, password)

    async def change_password(
        self, grant: TokenGrant, current: str | None = PASSWORD, new: str = OTHER_PASSWORD
    ) -> TokenGrant:
        """Set a new password with the present one."""
        return await self.credentials.change_password(
            principal=principal_of(grant), current_password=current, new_password=new, origin=ORIGIN
        )

    async def erase_own_account(self, grant: TokenGrant, password: str | None = PASSWORD) -> None:
        """End the account of the grant's user, as its owner."""
        await self.accounts.erase_own_account(
            principal=principal_of(grant), password=password, origin=ORIGIN
        )

    async def rename(self, grant: TokenGrant, name: str | None) -> User:
        """Give oneself another name."""
        return await self.accounts.edit_profile(
            principal=principal_of(grant), display_name=name, expected=None, origin=ORIGIN
        )

    async def ask_to_move(
        self, grant: TokenGrant, new_email: str, password: str | None = PASSWORD
    ) -> None:
        """Ask to move to another address."""
        await self.accounts.request_email_change(
            principal=principal_of(grant), new_email=new_email, password=password, origin=ORIGIN
        )

    async def confirm_move(self, token: str) -> User:
        """Spend the secret that came to the new address."""
        return await self.accounts.confirm_email_change(token=token, origin=ORIGIN)

    async def invite(
        self, principal: Principal, email: str = ADA, roles: Sequence[str] = ()
    ) -> Invitation:
        """Ask a person to join."""
        self.clock.advance(timedelta(milliseconds=1))
        return await self.accounts.invite_user(
            principal=principal, email=email, roles=roles, origin=ORIGIN
        )

    async def accept_invitation(
        self, token: str, password: str = PASSWORD, *, name: str | None = None
    ) -> User:
        """Spend an invitation."""
        return await self.accounts.accept_invitation(
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
        return await self.accounts.create_user(
            principal=principal,
            email=email,
            password=password,
            display_name=None,
            roles=roles,
            verified=verified,
            origin=ORIGIN,
        )

    async def define_role(
        self,
        name: str = "support",
        permissions: Sequence[str] = ("orders:refund", "users:read"),
        *,
        principal: Principal = OPERATOR,
    ) -> Role:
        """Define a role; by itself one that reads users, and does what a product names."""
        return await self.access.define_role(
            principal=principal, name=name, description=None, permissions=permissions, origin=ORIGIN
        )

    async def set_role(
        self, user: User, role: str, *, held: bool = True, principal: Principal = OPERATOR
    ) -> None:
        """Give the role to the user, or take it away."""
        await self.access.set_role(
            principal=principal, user_id=user.id, role=role, held=held, origin=ORIGIN
        )

    async def operator_suspends(self, user: User, reason: str = "spam") -> User:
        """Suspend the user from the command line."""
        return await self.accounts.suspend_user(
            principal=OPERATOR, user_id=user.id, reason=reason, origin=ORIGIN
        )

    async def operator_reinstates(self, user: User) -> User:
        """Lift the suspension from the command line."""
        return await self.accounts.reinstate_user(
            principal=OPERATOR, user_id=user.id, origin=ORIGIN
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
        rows = list(self.store.committed(AUDIT).rows.values())
        return [row for row in rows if not types or row.type in types]

    def user(self, email: str = ADA) -> User:
        """Return the user as the store has it."""
        key = EmailAddress.parse(email).key
        (found,) = [
            user for user in self.store.committed(USERS).rows.values() if user.email.key == key
        ]
        return found

    def credential(self, email: str = ADA) -> PasswordCredential | None:
        """Return the user's credential as the store has it."""
        return self.store.committed(CREDENTIALS).rows.get(self.user(email).id)

    def living(self, email: str = ADA) -> list[Session]:
        """Return the user's living sessions."""
        user, now = self.user(email), self.clock.now()
        sessions = self.store.committed(SESSIONS).rows.values()
        return [s for s in sessions if s.user_id == user.id and s.over(now) is None]

    def purposes(self, email: str = ADA) -> set[Purpose]:
        """Return for what the user has secrets that were not spent."""
        user = self.user(email)
        return {
            purpose
            for owner, purpose in self.store.committed(ONE_TIME_TOKENS).rows
            if owner == user.id
        }

    def queue(self, status: MessageStatus = MessageStatus.WAITING) -> list[OutboxEntry]:
        """Return the outbox's entries in that state."""
        return [
            entry for entry in self.store.committed(OUTBOX).rows.values() if entry.status is status
        ]

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

    def snapshot(self) -> dict[str, dict[object, object]]:
        """Return the rows of every table that has any, to show that nothing was written."""
        tables = {table.name: dict(self.store.committed(table).rows) for table in self.store.tables}
        return {name: rows for name, rows in tables.items() if rows}

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
        permissions=grant.user.defined_permissions,
        assurance=grant.session.assurance,
        has_second_factor=grant.user.has_second_factor,
    )


def with_permissions(*names: str) -> Principal:
    """Return a signed-in user whose roles give just that."""
    identifier = UserId.parse("019aa5c2-7f3e-7c41-9b0a-2f6d1e8c4b5a")
    permissions = frozenset(Permission(name) for name in names)
    return Principal(kind=PrincipalKind.USER, user_id=identifier, permissions=permissions)


def kinds(rows: Iterable[AuditEvent]) -> list[str]:
    """Return the types of the rows."""
    return [row.type for row in rows]
