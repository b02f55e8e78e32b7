"""The factors capability, put together from its parts: ``wiring_…`` beside this."""

from functools import cached_property

from application.audit.wiring import Audit
from application.credentials.ports import CredentialsUnit
from application.credentials.wiring import Credentials
from application.factors.guard import FactorGuard
from application.factors.policy import FactorPolicy
from application.factors.ports import FactorsUnit, Passkeys
from application.factors.wiring_enrolment import Enrolling
from application.factors.wiring_ground import ground
from application.factors.wiring_sign_in import SigningIn
from application.factors.wiring_taking_away import TakingAway
from application.kernel import Kernel
from application.mail.wiring import Mail
from application.ports.unit_of_work import UnitOfWorkFactory
from application.sessions.wiring import Sessions


class Factors[U: CredentialsUnit](SigningIn[U], Enrolling[U], TakingAway[U]):
    """What the factors capability offers: to entrypoints, and to accounts."""

    @cached_property
    def policy(self) -> FactorPolicy:
        """What an operator has set."""
        return self._ground.policy

    @cached_property
    def guard(self) -> FactorGuard:
        """The counters of wrong proofs."""
        return self._ground.guard


def factors[U: CredentialsUnit](
    *,
    kernel: Kernel,
    audit: Audit,
    mail: Mail,
    sessions: Sessions,
    credentials: Credentials[U],
    units: UnitOfWorkFactory[FactorsUnit],
    passkeys: Passkeys,
    policy: FactorPolicy,
) -> Factors[U]:
    """Return the capability over these ports."""
    return Factors(
        ground(
            kernel=kernel,
            audit=audit,
            mail=mail,
            sessions=sessions,
            credentials=credentials,
            units=units,
            passkeys=passkeys,
            policy=policy,
        )
    )
