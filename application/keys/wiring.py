"""The keys capability, put together."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta

from application.audit.wiring import Audit
from application.housekeeping import Purge, purge_in
from application.kernel import Kernel
from application.keys.keyring import SigningKeyring
from application.keys.management import ManageSigningKeys
from application.keys.ports import AccessTokens, KeysUnit
from application.keys.secret_key import ExamineSecretKey
from application.keys.secret_key_change import ChangeSecretKey
from application.ports.unit_of_work import UnitOfWorkFactory
from domain.keys.signing_key import SigningAlgorithm

KEEP_GONE_KEYS = timedelta(days=30)


@dataclass(frozen=True, slots=True, kw_only=True)
class KeyPolicy:
    """Which keys are made, how long others keep the JWKS, and how long access tokens live."""

    algorithm: SigningAlgorithm
    jwks_max_age: timedelta
    access_ttl: timedelta


@dataclass(frozen=True, slots=True, kw_only=True)
class Keys:
    """What the keys capability offers: to entrypoints, and to the capabilities above it."""

    tokens: AccessTokens
    policy: KeyPolicy
    keyring: SigningKeyring
    manage: ManageSigningKeys
    secret_key: ExamineSecretKey
    change_secret_key: ChangeSecretKey
    purges: Sequence[Purge]


def keys(
    *,
    kernel: Kernel,
    audit: Audit,
    units: UnitOfWorkFactory[KeysUnit],
    tokens: AccessTokens,
    policy: KeyPolicy,
) -> Keys:
    """Return the capability over these ports."""
    clock = kernel.clock
    keyring = SigningKeyring(
        unit_of_work=units,
        tokens=tokens,
        secret_box=kernel.secret_box,
        clock=clock,
        recorder=audit.recorder,
        algorithm=policy.algorithm,
        jwks_max_age=policy.jwks_max_age,
        access_ttl=policy.access_ttl,
    )
    examine = ExamineSecretKey(
        unit_of_work=units,
        secret_box=kernel.secret_box,
        seals=audit.seals,
        earlier_keys=audit.earlier_keys,
    )
    return Keys(
        tokens=tokens,
        policy=policy,
        keyring=keyring,
        manage=ManageSigningKeys(keyring=keyring, cursors=kernel.cursors),
        secret_key=examine,
        change_secret_key=ChangeSecretKey(
            unit_of_work=units,
            secret_box=kernel.secret_box,
            clock=clock,
            recorder=audit.recorder,
            examine=examine,
            earlier_keys=audit.earlier_keys,
        ),
        purges=(
            purge_in(
                units,
                "signing keys",
                lambda unit, limit: unit.signing_keys.purge(
                    gone_before=clock.now() - KEEP_GONE_KEYS, limit=limit
                ),
            ),
        ),
    )
