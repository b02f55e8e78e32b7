"""The whole service over the memory adapters, wired as production is (:mod:`application.service`).

``MemoryService(grace=…)`` has the same use cases as the container's service. Knobs are what an
operator may set; ``clock`` and ``mailbox`` are what a test looks at and turns. The verbs that
tests read like stories in are in :mod:`tests.application.stories`.
"""

from collections.abc import Sequence
from datetime import timedelta
from functools import cached_property

from adapters.memory.authenticator import MemoryAuthenticator
from adapters.memory.clock import ManualClock, SeededRandomness
from adapters.memory.credentials.hashing import CommonPasswordSet, FastPasswordHasher
from adapters.memory.factors.passkeys import MemoryPasskeys
from adapters.memory.idempotency import MemoryIdempotencyStore
from adapters.memory.keys.access_tokens import OpaqueAccessTokens
from adapters.memory.mail.mailbox import MemoryMailbox
from adapters.memory.rate_limiter import MemoryRateLimiter
from adapters.memory.secret_box import MemorySecretBox
from adapters.memory.service_unit import MemoryUnitOfWork
from adapters.memory.store import MemoryStore
from application.credentials.mailed_secrets import SecretLifetimes
from application.credentials.wiring import CredentialPolicy
from application.factors.methods import SignInMethod, SignInMethods
from application.factors.policy import FactorPolicy
from application.keys.ports import AccessClaims
from application.keys.wiring import KeyPolicy
from application.mail.ports import Mailer
from application.mail.relay import RelayOutbox
from application.mail_texts import ENGLISH
from application.service import Policies, Ports, Service
from domain.assurance import Level
from domain.credentials.password_policy import PasswordPolicy
from domain.credentials.sign_in_attempts import AttemptPolicy
from domain.keys.signing_key import SigningAlgorithm
from domain.mail.circuit import CircuitPolicy
from domain.permissions import PERMISSIONS
from domain.sessions.session import SessionPolicy
from tests.application.doubles import CountingUnits

SECOND = timedelta(seconds=1)
MINUTE = timedelta(minutes=1)
HOUR = timedelta(hours=1)
DAY = timedelta(days=1)
LINKS = "https://id.example.com"


class MemoryService(Service[MemoryUnitOfWork]):
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
        audit_refreshes: bool = False,
        access_ttl: timedelta = 10 * MINUTE,
        administrator_acr: Level | None = None,
        sign_in_methods: Sequence[str] = ("password", "passkey"),
        reset_ttl: timedelta = 30 * MINUTE,
        reauthentication: timedelta = 5 * MINUTE,
        trusted_devices: timedelta = timedelta(0),
        longest_api_key: timedelta | None = 365 * DAY,
        algorithm: SigningAlgorithm = SigningAlgorithm.EDDSA,
        secret_key: bytes = b"k" * 32,
        previous_key: bytes | None = None,
        hasher: FastPasswordHasher | None = None,
        mailer: Mailer | None = None,
        store: MemoryStore | None = None,
        clock: ManualClock | None = None,
        issued: dict[str, AccessClaims] | None = None,
    ) -> None:
        self.store = store or MemoryStore()
        self.units = CountingUnits(self.store)
        self.clock = clock or ManualClock()
        self.hasher = hasher or FastPasswordHasher()
        self.mailbox = MemoryMailbox(forward=mailer)
        ports = Ports(
            units=self.units,
            clock=self.clock,
            randomness=SeededRandomness(id(self) if store else 0),
            secret_box=MemorySecretBox(secret_key, previous_key),
            authenticator=MemoryAuthenticator(secret_key, previous_key),
            limiter=MemoryRateLimiter(),
            idempotency_store=MemoryIdempotencyStore(),
            hasher=self.hasher,
            access_tokens=OpaqueAccessTokens(issued),
            passkeys=MemoryPasskeys(rp_id="example.com", origins=[LINKS]),
            mailer=self.mailbox,
        )
        policies = Policies(
            own_permissions=frozenset(PERMISSIONS),
            texts=ENGLISH,
            link_base_url=LINKS,
            mail_retry=10 * SECOND,
            circuit=CircuitPolicy(
                failures=5, pause=20 * SECOND, longest_pause=4 * MINUTE, patience=2 * MINUTE
            ),
            keys=KeyPolicy(algorithm=algorithm, jwks_max_age=5 * MINUTE, access_ttl=access_ttl),
            sessions=SessionPolicy(idle=idle, absolute=absolute, grace=grace, per_user=per_user),
            credentials=CredentialPolicy(
                passwords=PasswordPolicy(
                    min_length=15,
                    max_length=max_password,
                    common=CommonPasswordSet(["password", "qwertyuiop"]),
                ),
                attempts=AttemptPolicy(attempts=attempts, first_lock=30 * SECOND),
                lifetimes=SecretLifetimes(
                    email_verification=DAY,
                    password_reset=reset_ttl,
                    email_change=DAY,
                    invitation=7 * DAY,
                ),
                verified_only=verified_only,
            ),
            factors=FactorPolicy(
                issuer="Doorward",
                methods=SignInMethods(frozenset(map(SignInMethod, sign_in_methods))),
                sign_in_code_ttl=10 * MINUTE,
                trusted_device_ttl=trusted_devices,
            ),
            conceal_existing=conceal_existing,
            audit_refreshes=audit_refreshes,
            rate_limits=rate_limits,
            request_patience=MINUTE,
            reauthentication_max_age=reauthentication,
            administrator_acr=administrator_acr,
            longest_api_key=longest_api_key,
        )
        super().__init__(ports, policies)

    @cached_property
    def relay(self) -> RelayOutbox[MemoryUnitOfWork]:
        """What sends the promised mail; there is always a mailbox to send it to."""
        relay = super().relay
        assert relay is not None
        return relay
