"""From settings to the policies of the core: which seconds, counts and switches mean what there."""

from datetime import timedelta

from application.credentials.mailed_secrets import SecretLifetimes
from application.credentials.ports import CommonPasswords
from application.credentials.wiring import CredentialPolicy
from application.factors.methods import SignInMethod, SignInMethods
from application.factors.policy import FactorPolicy
from application.keys.wiring import KeyPolicy
from application.mail.relay import LEASE
from application.mail_texts import ENGLISH
from application.service import Policies
from domain.assurance import Level
from domain.credentials.password_policy import PasswordPolicy
from domain.credentials.sign_in_attempts import AttemptPolicy
from domain.mail.circuit import CircuitPolicy
from domain.permissions import PERMISSIONS
from domain.sessions.session import SessionPolicy
from entrypoints.settings import Settings


def policies(settings: Settings, *, common_passwords: CommonPasswords) -> Policies:
    """Return the policies that the settings describe."""
    retry = _seconds(settings.mail_retry_seconds)
    return Policies(
        own_permissions=frozenset(PERMISSIONS),
        texts=ENGLISH,
        link_base_url=settings.link_base_url,
        mail_retry=retry,
        # A server that is away is asked again a little later than a message would be.
        circuit=CircuitPolicy(
            failures=5, pause=retry * 2, longest_pause=retry * 24, patience=LEASE
        ),
        keys=KeyPolicy(
            algorithm=settings.signing_algorithm,
            jwks_max_age=_seconds(settings.jwks_max_age),
            access_ttl=_seconds(settings.access_token_ttl),
        ),
        sessions=SessionPolicy(
            idle=_seconds(settings.session_idle_ttl),
            absolute=_seconds(settings.session_absolute_ttl),
            grace=_seconds(settings.refresh_grace),
            per_user=settings.sessions_per_user,
        ),
        credentials=_credentials(settings, common_passwords),
        factors=FactorPolicy(
            issuer="Doorward",
            methods=SignInMethods(frozenset(map(SignInMethod, settings.sign_in_methods))),
            sign_in_code_ttl=_seconds(settings.sign_in_code_ttl),
            trusted_device_ttl=_seconds(settings.trusted_device_ttl),
        ),
        conceal_existing=settings.registration_conceals_existing,
        audit_refreshes=settings.audit_refreshes,
        rate_limits=settings.rate_limits,
        request_patience=_seconds(settings.request_deadline) * 2,
        reauthentication_max_age=_seconds(settings.reauthentication_max_age),
        administrator_acr=(
            None if settings.administrator_acr == "none" else Level(settings.administrator_acr)
        ),
        longest_api_key=_seconds(settings.api_key_max_ttl) if settings.api_key_max_ttl else None,
    )


def _credentials(settings: Settings, common_passwords: CommonPasswords) -> CredentialPolicy:
    return CredentialPolicy(
        passwords=PasswordPolicy(
            min_length=settings.password_min_length,
            max_length=settings.password_max_length,
            common=common_passwords,
        ),
        attempts=AttemptPolicy(
            attempts=settings.sign_in_attempts,
            first_lock=_seconds(settings.sign_in_lock_seconds),
        ),
        lifetimes=SecretLifetimes(
            email_verification=_seconds(settings.email_verification_ttl),
            password_reset=_seconds(settings.password_reset_ttl),
            email_change=_seconds(settings.email_change_ttl),
            invitation=_seconds(settings.invitation_ttl),
        ),
        verified_only=settings.require_verified_email,
    )


def _seconds(value: float) -> timedelta:
    return timedelta(seconds=value)
