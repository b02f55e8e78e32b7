"""The composition root: which adapter stands behind which port, and what each use case gets.

The only module that names adapters and the only one that knows dependency-injector. Use cases
are singletons that hold factories, never connections. A test replaces a part on its own
container, before the service starts: ``container.clock.override(…)``.
"""

from datetime import timedelta

from dependency_injector import containers, providers

from adapters.argon2.hasher import Argon2PasswordHasher
from adapters.encryption.authenticator import HmacAuthenticator
from adapters.encryption.secret_box import AesGcmSecretBox
from adapters.jwt.access_tokens import JwtAccessTokens
from adapters.memory.health import AlwaysReady
from adapters.memory.idempotency import MemoryIdempotencyStore
from adapters.memory.mailer import MemoryMailbox
from adapters.memory.rate_limiter import MemoryRateLimiter
from adapters.memory.store import MemoryStore
from adapters.memory.unit_of_work import MemoryUnitOfWorkFactory
from adapters.smtp.mailer import SmtpMailer
from adapters.sqlalchemy.clock import DatabaseClock
from adapters.sqlalchemy.engine import create_engine
from adapters.sqlalchemy.health import DatabaseProbe, SchemaProbe
from adapters.sqlalchemy.idempotency import SqlAlchemyIdempotencyStore
from adapters.sqlalchemy.mailbox import DevelopmentMailbox
from adapters.sqlalchemy.rate_limiter import SqlAlchemyRateLimiter
from adapters.sqlalchemy.unit_of_work import SqlAlchemyUnitOfWorkFactory
from adapters.system.clock import SystemClock, SystemRandomness
from adapters.zxcvbn.common_passwords import ZxcvbnCommonPasswords
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
from application.authentication import Authenticate, SignIn
from application.authorization import CheckAuthorization, ShowEffectivePermissions
from application.denials import RecordDenial
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
from application.mail_requests import RequestMail
from application.mailed_secrets import MailedSecrets, SecretLifetimes
from application.notifications import Notifications
from application.outbox import LEASE, RelayOutbox
from application.outbox_operation import ListOutbox, RedriveOutbox
from application.own_account import EraseOwnAccount, ExportData, ListOwnSecurityEvents
from application.paging import Cursors
from application.password_checks import PasswordChecks, Reauthenticate
from application.passwords import AnswerPasswordResetRequest, ChangePassword, ResetPassword
from application.ports.clock import Clock, Randomness
from application.ports.health import HealthProbe
from application.ports.idempotency import IdempotencyStore
from application.ports.mailer import Mailbox, Mailer
from application.ports.outbox import MessageKind
from application.ports.passwords import CommonPasswords, PasswordHasher
from application.ports.rate_limiter import RateLimiter
from application.ports.tokens import AccessTokens, Authenticator, SecretBox
from application.ports.unit_of_work import UnitOfWorkFactory
from application.recording import Recorder
from application.registration import AnswerVerificationRequest, ConfirmEmail, SignUp
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
from application.token_grants import SessionStarts, TokenGrants
from application.user_directory import FindUser, ListUsers, ShowUser
from application.user_sessions import EndUserSession, EndUserSessions, ListUserSessions
from application.users import CreateUser, UpdateOwnProfile
from domain.circuit import CircuitPolicy
from domain.password_policy import PasswordPolicy
from domain.session import SessionPolicy
from domain.sign_in_attempts import AttemptPolicy
from entrypoints.settings import Settings


def _seconds(value: float) -> timedelta:
    return timedelta(seconds=value)


def _twice(seconds: float) -> timedelta:
    return timedelta(seconds=seconds) * 2


def _circuit_policy(retry_seconds: float) -> CircuitPolicy:
    """A server that is away is asked again a little later than a message would be."""
    return CircuitPolicy(
        failures=5,
        pause=timedelta(seconds=retry_seconds) * 2,
        longest_pause=timedelta(seconds=retry_seconds) * 24,
        patience=LEASE,
    )


def _store_kind(settings: Settings) -> str:
    return "memory" if settings.in_memory else "database"


def _environment(settings: Settings) -> str:
    return settings.environment


def _smtp(settings: Settings) -> Mailer | None:
    """Return the way out, or None where none is set."""
    if settings.smtp_url is None:
        return None
    return SmtpMailer(url=settings.smtp_url.get_secret_value(), sender=settings.mail_from)


class Container(containers.DeclarativeContainer):
    """Every part of the service, made when it is first asked for."""

    settings: providers.Dependency[Settings] = providers.Dependency(instance_of=Settings)
    expected_schema: providers.Dependency[str] = providers.Dependency(instance_of=str)
    _kind = providers.Callable(_store_kind, settings)

    # --- adapters behind their ports ---------------------------------------------------------

    engine = providers.Singleton(
        create_engine,
        settings.provided.database_url.get_secret_value.call(),
        pool_size=settings.provided.database_pool_size,
    )
    memory_store = providers.Singleton(MemoryStore)
    database_clock = providers.Singleton(DatabaseClock, engine)
    clock: providers.Provider[Clock] = providers.Selector(
        _kind, memory=providers.Singleton(SystemClock), database=database_clock
    )
    randomness: providers.Provider[Randomness] = providers.Singleton(SystemRandomness)
    unit_of_work: providers.Provider[UnitOfWorkFactory] = providers.Selector(
        _kind,
        memory=providers.Singleton(MemoryUnitOfWorkFactory, memory_store),
        database=providers.Singleton(SqlAlchemyUnitOfWorkFactory, engine),
    )
    rate_limiter: providers.Provider[RateLimiter] = providers.Selector(
        _kind,
        memory=providers.Singleton(MemoryRateLimiter),
        database=providers.Singleton(SqlAlchemyRateLimiter, engine),
    )
    idempotency_store: providers.Provider[IdempotencyStore] = providers.Selector(
        _kind,
        memory=providers.Singleton(MemoryIdempotencyStore),
        database=providers.Singleton(SqlAlchemyIdempotencyStore, engine),
    )
    hasher: providers.Provider[PasswordHasher] = providers.Singleton(
        Argon2PasswordHasher,
        memory_kib=settings.provided.argon2_memory_kib,
        time_cost=settings.provided.argon2_time_cost,
        parallelism=settings.provided.argon2_parallelism,
        concurrency=settings.provided.hashing_concurrency,
        queue=settings.provided.hashing_queue,
    )
    common_passwords: providers.Provider[CommonPasswords] = providers.Singleton(
        ZxcvbnCommonPasswords
    )
    access_tokens: providers.Provider[AccessTokens] = providers.Singleton(
        JwtAccessTokens,
        issuer=settings.provided.public_url,
        audience=settings.provided.token_audience,
    )
    secret_box: providers.Provider[SecretBox] = providers.Singleton(
        AesGcmSecretBox, settings.provided.secret_key_bytes.call()
    )
    authenticator: providers.Provider[Authenticator] = providers.Singleton(
        HmacAuthenticator, settings.provided.secret_key_bytes.call()
    )
    smtp: providers.Provider[Mailer | None] = providers.Singleton(_smtp, settings)
    mailbox: providers.Provider[Mailbox] = providers.Selector(
        _kind,
        memory=providers.Singleton(MemoryMailbox, forward=smtp),
        database=providers.Singleton(DevelopmentMailbox, engine, secret_box, forward=smtp),
    )
    mailer: providers.Provider[Mailer] = providers.Selector(
        providers.Callable(_environment, settings), production=smtp, development=mailbox
    )
    schema_probe = providers.Singleton(SchemaProbe, engine, expected=expected_schema)
    health_probes: providers.Provider[list[HealthProbe]] = providers.Selector(
        _kind,
        memory=providers.List(providers.Singleton(AlwaysReady, "store")),
        database=providers.List(
            providers.Singleton(DatabaseProbe, engine),
            schema_probe,
        ),
    )

    # --- what several use cases share --------------------------------------------------------

    audit_seals = providers.Singleton(Seals, authenticator=authenticator)
    recorder = providers.Singleton(Recorder, randomness=randomness, seals=audit_seals)
    password_policy = providers.Singleton(
        PasswordPolicy,
        min_length=settings.provided.password_min_length,
        max_length=settings.provided.password_max_length,
        common=common_passwords,
    )
    session_policy = providers.Singleton(
        SessionPolicy,
        idle=providers.Callable(_seconds, settings.provided.session_idle_ttl),
        absolute=providers.Callable(_seconds, settings.provided.session_absolute_ttl),
        grace=providers.Callable(_seconds, settings.provided.refresh_grace),
        per_user=settings.provided.sessions_per_user,
    )
    attempt_guard = providers.Singleton(
        AttemptGuard,
        policy=providers.Singleton(
            AttemptPolicy,
            attempts=settings.provided.sign_in_attempts,
            first_lock=providers.Callable(_seconds, settings.provided.sign_in_lock_seconds),
        ),
        clock=clock,
        recorder=recorder,
    )
    access_ttl = providers.Callable(_seconds, settings.provided.access_token_ttl)
    token_grants = providers.Singleton(
        TokenGrants,
        tokens=access_tokens,
        randomness=randomness,
        access_ttl=access_ttl,
    )
    notifications = providers.Singleton(
        Notifications,
        secret_box=secret_box,
        randomness=randomness,
        link_base_url=settings.provided.link_base_url,
    )
    mailed_secrets = providers.Singleton(
        MailedSecrets,
        unit_of_work=unit_of_work,
        notifications=notifications,
        clock=clock,
        randomness=randomness,
        lifetimes=providers.Singleton(
            SecretLifetimes,
            email_verification=providers.Callable(
                _seconds, settings.provided.email_verification_ttl
            ),
            password_reset=providers.Callable(_seconds, settings.provided.password_reset_ttl),
            email_change=providers.Callable(_seconds, settings.provided.email_change_ttl),
            invitation=providers.Callable(_seconds, settings.provided.invitation_ttl),
        ),
    )
    session_starts = providers.Singleton(
        SessionStarts,
        grants=token_grants,
        randomness=randomness,
        recorder=recorder,
        policy=session_policy,
    )
    password_checks = providers.Singleton(
        PasswordChecks,
        unit_of_work=unit_of_work,
        hasher=hasher,
        clock=clock,
        recorder=recorder,
        guard=attempt_guard,
    )
    reauthenticate = providers.Singleton(
        Reauthenticate, unit_of_work=unit_of_work, checks=password_checks
    )
    mail_circuit = providers.Singleton(
        MailCircuit,
        unit_of_work=unit_of_work,
        clock=clock,
        policy=providers.Callable(_circuit_policy, settings.provided.mail_retry_seconds),
    )
    cursors = providers.Singleton(Cursors, secret_box=secret_box)
    mail_allowance = providers.Singleton(
        MailAllowance, limiter=rate_limiter, clock=clock, enabled=settings.provided.rate_limits
    )
    keyring = providers.Singleton(
        SigningKeyring,
        unit_of_work=unit_of_work,
        tokens=access_tokens,
        secret_box=secret_box,
        clock=clock,
        recorder=recorder,
        algorithm=settings.provided.signing_algorithm,
        jwks_max_age=providers.Callable(_seconds, settings.provided.jwks_max_age),
        access_ttl=access_ttl,
    )

    eraser = providers.Singleton(
        Eraser, clock=clock, recorder=recorder, notifications=notifications, guard=attempt_guard
    )

    # --- use cases ---------------------------------------------------------------------------

    admit_request = providers.Singleton(
        AdmitRequest, limiter=rate_limiter, clock=clock, enabled=settings.provided.rate_limits
    )
    sign_up = providers.Singleton(
        SignUp,
        unit_of_work=unit_of_work,
        hasher=hasher,
        policy=password_policy,
        clock=clock,
        randomness=randomness,
        recorder=recorder,
        notifications=notifications,
        secrets=mailed_secrets,
        mail_allowance=mail_allowance,
        conceal_existing=settings.provided.registration_conceals_existing,
    )
    request_email_verification = providers.Singleton(
        RequestMail,
        unit_of_work=unit_of_work,
        clock=clock,
        notifications=notifications,
        kind=MessageKind.VERIFICATION_REQUESTED,
    )
    confirm_email = providers.Singleton(
        ConfirmEmail,
        unit_of_work=unit_of_work,
        clock=clock,
        recorder=recorder,
        secrets=mailed_secrets,
    )
    request_password_reset = providers.Singleton(
        RequestMail,
        unit_of_work=unit_of_work,
        clock=clock,
        notifications=notifications,
        kind=MessageKind.PASSWORD_RESET_REQUESTED,
    )
    reset_password = providers.Singleton(
        ResetPassword,
        unit_of_work=unit_of_work,
        hasher=hasher,
        policy=password_policy,
        clock=clock,
        recorder=recorder,
        notifications=notifications,
        guard=attempt_guard,
    )
    change_password = providers.Singleton(
        ChangePassword,
        unit_of_work=unit_of_work,
        reauthenticate=reauthenticate,
        hasher=hasher,
        policy=password_policy,
        clock=clock,
        recorder=recorder,
        notifications=notifications,
        guard=attempt_guard,
        session_starts=session_starts,
    )
    request_email_change = providers.Singleton(
        RequestEmailChange,
        unit_of_work=unit_of_work,
        reauthenticate=reauthenticate,
        clock=clock,
        recorder=recorder,
        notifications=notifications,
        secrets=mailed_secrets,
        mail_allowance=mail_allowance,
        guard=attempt_guard,
    )
    confirm_email_change = providers.Singleton(
        ConfirmEmailChange,
        unit_of_work=unit_of_work,
        clock=clock,
        recorder=recorder,
        notifications=notifications,
    )
    invite_user = providers.Singleton(
        InviteUser,
        unit_of_work=unit_of_work,
        clock=clock,
        recorder=recorder,
        secrets=mailed_secrets,
        mail_allowance=mail_allowance,
    )
    list_invitations = providers.Singleton(
        ListInvitations, unit_of_work=unit_of_work, clock=clock, cursors=cursors
    )
    withdraw_invitation = providers.Singleton(
        WithdrawInvitation, unit_of_work=unit_of_work, clock=clock, recorder=recorder
    )
    accept_invitation = providers.Singleton(
        AcceptInvitation,
        unit_of_work=unit_of_work,
        hasher=hasher,
        policy=password_policy,
        clock=clock,
        randomness=randomness,
        recorder=recorder,
        guard=attempt_guard,
    )
    list_own_security_events = providers.Singleton(
        ListOwnSecurityEvents, unit_of_work=unit_of_work, cursors=cursors
    )
    export_data = providers.Singleton(
        ExportData, unit_of_work=unit_of_work, clock=clock, recorder=recorder
    )
    erase_own_account = providers.Singleton(
        EraseOwnAccount, unit_of_work=unit_of_work, reauthenticate=reauthenticate, eraser=eraser
    )
    list_users = providers.Singleton(ListUsers, unit_of_work=unit_of_work, cursors=cursors)
    show_user = providers.Singleton(ShowUser, unit_of_work=unit_of_work)
    find_user = providers.Singleton(FindUser, unit_of_work=unit_of_work)
    edit_user = providers.Singleton(
        EditUser, unit_of_work=unit_of_work, clock=clock, recorder=recorder
    )
    erase_user = providers.Singleton(EraseUser, unit_of_work=unit_of_work, eraser=eraser)
    unlock_user = providers.Singleton(
        UnlockUser,
        unit_of_work=unit_of_work,
        clock=clock,
        recorder=recorder,
        guard=attempt_guard,
    )
    start_password_reset = providers.Singleton(
        StartPasswordReset,
        unit_of_work=unit_of_work,
        clock=clock,
        recorder=recorder,
        secrets=mailed_secrets,
    )
    list_user_sessions = providers.Singleton(
        ListUserSessions, unit_of_work=unit_of_work, clock=clock, cursors=cursors
    )
    end_user_session = providers.Singleton(
        EndUserSession, unit_of_work=unit_of_work, clock=clock, recorder=recorder
    )
    end_user_sessions = providers.Singleton(
        EndUserSessions, unit_of_work=unit_of_work, clock=clock, recorder=recorder
    )
    record_denial = providers.Singleton(
        RecordDenial, unit_of_work=unit_of_work, clock=clock, recorder=recorder
    )
    check_authorization = providers.Singleton(CheckAuthorization, unit_of_work=unit_of_work)
    show_effective_permissions = providers.Singleton(
        ShowEffectivePermissions, unit_of_work=unit_of_work
    )
    chain_audit_trail = providers.Singleton(
        ChainAuditTrail, unit_of_work=unit_of_work, clock=clock, seals=audit_seals
    )
    verify_audit_trail = providers.Singleton(
        VerifyAuditTrail, unit_of_work=unit_of_work, seals=audit_seals
    )
    list_audit_events = providers.Singleton(
        ListAuditEvents, unit_of_work=unit_of_work, cursors=cursors
    )
    signing_keys = providers.Singleton(ManageSigningKeys, keyring=keyring, cursors=cursors)
    suspend_user = providers.Singleton(
        SuspendUser, unit_of_work=unit_of_work, clock=clock, recorder=recorder
    )
    reinstate_user = providers.Singleton(
        ReinstateUser, unit_of_work=unit_of_work, clock=clock, recorder=recorder
    )
    set_role = providers.Singleton(
        SetRole,
        unit_of_work=unit_of_work,
        clock=clock,
        recorder=recorder,
        notifications=notifications,
    )
    list_roles = providers.Singleton(ListRoles, unit_of_work=unit_of_work, cursors=cursors)
    show_role = providers.Singleton(ShowRole, unit_of_work=unit_of_work)
    list_permissions = providers.Singleton(
        ListPermissions, unit_of_work=unit_of_work, cursors=cursors
    )
    define_role = providers.Singleton(
        DefineRole, unit_of_work=unit_of_work, clock=clock, recorder=recorder
    )
    change_role = providers.Singleton(
        ChangeRole, unit_of_work=unit_of_work, clock=clock, recorder=recorder
    )
    remove_role = providers.Singleton(
        RemoveRole, unit_of_work=unit_of_work, clock=clock, recorder=recorder
    )
    sign_in = providers.Singleton(
        SignIn,
        unit_of_work=unit_of_work,
        hasher=hasher,
        clock=clock,
        guard=attempt_guard,
        checks=password_checks,
        session_starts=session_starts,
        verified_only=settings.provided.require_verified_email,
    )
    authenticate = providers.Singleton(
        Authenticate,
        unit_of_work=unit_of_work,
        tokens=access_tokens,
        keyring=keyring,
        clock=clock,
    )
    refresh_session = providers.Singleton(
        RefreshSession,
        unit_of_work=unit_of_work,
        clock=clock,
        randomness=randomness,
        recorder=recorder,
        notifications=notifications,
        grants=token_grants,
        session_policy=session_policy,
    )
    list_own_sessions = providers.Singleton(
        ListOwnSessions, unit_of_work=unit_of_work, clock=clock, cursors=cursors
    )
    end_own_session = providers.Singleton(
        EndOwnSession, unit_of_work=unit_of_work, clock=clock, recorder=recorder
    )
    end_own_sessions = providers.Singleton(
        EndOwnSessions, unit_of_work=unit_of_work, clock=clock, recorder=recorder
    )
    update_own_profile = providers.Singleton(
        UpdateOwnProfile, unit_of_work=unit_of_work, clock=clock, recorder=recorder
    )
    create_user = providers.Singleton(
        CreateUser,
        unit_of_work=unit_of_work,
        hasher=hasher,
        policy=password_policy,
        clock=clock,
        randomness=randomness,
        recorder=recorder,
        secrets=mailed_secrets,
    )
    list_outbox = providers.Singleton(ListOutbox, unit_of_work=unit_of_work)
    redrive_outbox = providers.Singleton(RedriveOutbox, unit_of_work=unit_of_work, clock=clock)
    relay_outbox = providers.Singleton(
        RelayOutbox,
        unit_of_work=unit_of_work,
        mailer=mailer,
        notifications=notifications,
        secrets=mailed_secrets,
        circuit=mail_circuit,
        answers=providers.Dict(
            {
                MessageKind.VERIFICATION_REQUESTED: providers.Singleton(
                    AnswerVerificationRequest,
                    secrets=mailed_secrets,
                    clock=clock,
                    mail_allowance=mail_allowance,
                ),
                MessageKind.PASSWORD_RESET_REQUESTED: providers.Singleton(
                    AnswerPasswordResetRequest,
                    secrets=mailed_secrets,
                    clock=clock,
                    recorder=recorder,
                    mail_allowance=mail_allowance,
                ),
            }
        ),
        clock=clock,
        randomness=randomness,
        retry_after=providers.Callable(_seconds, settings.provided.mail_retry_seconds),
    )
    idempotent_requests = providers.Singleton(
        IdempotentRequests,
        store=idempotency_store,
        secret_box=secret_box,
        authenticator=authenticator,
        clock=clock,
        patience=providers.Callable(_twice, settings.provided.request_deadline),
    )
    purge_expired = providers.Singleton(
        PurgeExpired,
        unit_of_work=unit_of_work,
        limiter=rate_limiter,
        idempotent_requests=idempotent_requests,
        clock=clock,
        grace=providers.Callable(_seconds, settings.provided.refresh_grace),
    )


async def close(container: Container) -> None:
    """Give back what the container holds open: connections and hashing threads."""
    if not container.settings().in_memory:
        await container.engine().dispose()
    hasher = container.hasher()
    if isinstance(hasher, Argon2PasswordHasher):
        hasher.close()


async def synchronise_clock(container: Container) -> None:
    """Set the service's clock by the database's (CK-1); nothing to do without a database."""
    clock = container.clock()
    if isinstance(clock, DatabaseClock):
        await clock.synchronise()
