"""Adding factors and looking after them, put together."""

from functools import cached_property

from application.credentials.ports import CredentialsUnit
from application.factors.address_proof import AddressProofs
from application.factors.changes import RemoveFactor, RenameFactor, RenewRecoveryCodes
from application.factors.enrolment import Enrolments
from application.factors.listing import ListFactors, Usability
from application.factors.passkeys import BeginPasskey, ConfirmPasskey, CountOrphanedPasskeys
from application.factors.renewal import RenewSealedFactors
from application.factors.totp import BeginTotp, ConfirmTotp
from application.factors.wiring_ground import Ground


class Enrolling[U: CredentialsUnit]:
    """What its owner does with a factor, from adding it to removing it; and what is stored.

    Each is made when it is first asked for.
    """

    def __init__(self, ground: Ground[U]) -> None:
        self._ground = ground

    @cached_property
    def begin_totp(self) -> BeginTotp:
        """Make a secret for an authenticator app."""
        return BeginTotp(
            enrolments=self._enrolments,
            challenges=self._ground.challenges,
            clock=self._ground.clock,
            randomness=self._ground.randomness,
            issuer=self._ground.policy.issuer,
        )

    @cached_property
    def confirm_totp(self) -> ConfirmTotp:
        """Add the app."""
        return ConfirmTotp(
            enrolments=self._enrolments,
            challenges=self._ground.challenges,
            secret_box=self._ground.secret_box,
            clock=self._ground.clock,
            randomness=self._ground.randomness,
        )

    @cached_property
    def begin_passkey(self) -> BeginPasskey:
        """Make the options for a new passkey."""
        return BeginPasskey(
            passkeys=self._ground.passkeys,
            enrolments=self._enrolments,
            challenges=self._ground.challenges,
            clock=self._ground.clock,
            randomness=self._ground.randomness,
        )

    @cached_property
    def confirm_passkey(self) -> ConfirmPasskey:
        """Add the passkey."""
        return ConfirmPasskey(
            passkeys=self._ground.passkeys,
            enrolments=self._enrolments,
            challenges=self._ground.challenges,
            clock=self._ground.clock,
            randomness=self._ground.randomness,
        )

    @cached_property
    def list(self) -> ListFactors:
        """List a user's factors."""
        return ListFactors(unit_of_work=self._ground.units, usability=self._usability)

    @cached_property
    def rename(self) -> RenameFactor:
        """Give a factor another name."""
        return RenameFactor(
            unit_of_work=self._ground.units, enrolments=self._enrolments, usability=self._usability
        )

    @cached_property
    def remove(self) -> RemoveFactor:
        """Remove a factor."""
        return RemoveFactor(
            unit_of_work=self._ground.units,
            enrolments=self._enrolments,
            usability=self._usability,
            clock=self._ground.clock,
            recorder=self._ground.recorder,
            notifications=self._ground.notifications,
            guard=self._ground.guard,
        )

    @cached_property
    def renew_recovery_codes(self) -> RenewRecoveryCodes:
        """Make new recovery codes."""
        return RenewRecoveryCodes(
            unit_of_work=self._ground.units,
            enrolments=self._enrolments,
            clock=self._ground.clock,
            recorder=self._ground.recorder,
            codes=self._ground.codes,
        )

    @cached_property
    def count_orphaned_passkeys(self) -> CountOrphanedPasskeys:
        """Count the passkeys that were made for another domain."""
        return CountOrphanedPasskeys(
            passkeys=self._ground.passkeys, unit_of_work=self._ground.units
        )

    @cached_property
    def renew_sealed(self) -> RenewSealedFactors:
        """Seal under the present key what an older one has sealed."""
        return RenewSealedFactors(
            unit_of_work=self._ground.units, secret_box=self._ground.secret_box
        )

    @cached_property
    def _enrolments(self) -> Enrolments:
        return Enrolments(
            unit_of_work=self._ground.units,
            freshness=self._ground.freshness,
            clock=self._ground.clock,
            randomness=self._ground.randomness,
            recorder=self._ground.recorder,
            notifications=self._ground.notifications,
            codes=self._ground.codes,
            address_proofs=AddressProofs(
                unit_of_work=self._ground.units,
                authenticator=self._ground.authenticator,
                notifications=self._ground.notifications,
                allowance=self._ground.mail_allowance,
                guard=self._ground.guard,
                clock=self._ground.clock,
                randomness=self._ground.randomness,
            ),
            count_addition=self._ground.count_addition,
        )

    @cached_property
    def _usability(self) -> Usability:
        return Usability(secret_box=self._ground.secret_box, rp_id=self._ground.passkeys.rp_id)
