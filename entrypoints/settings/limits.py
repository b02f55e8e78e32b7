"""What an operator should know about settings that are neither wrong nor unwise: where a limit is.

``doorward check`` says them as notes; the start does not log them.
"""

import os
from collections.abc import Iterator

from entrypoints.settings.findings import Finding
from entrypoints.settings.model import Settings

_LONG_CACHE = 3600


def limits(settings: Settings) -> Iterator[Finding]:
    """Yield a note for each limit that holds with these settings."""
    yield from _of_sessions(settings)
    yield from _of_sign_up(settings)
    yield from _of_processes(settings)
    if not settings.rate_limits and not settings.in_production:  # there it is a warning
        yield _note("RATE_LIMITS", "Nothing is limited by count, mail included.", "Set it to on.")
    if settings.in_production and settings.administrator_acr == "none":
        message = "A password alone opens everything that an administrator may do."
        cure = "Set it to aal2, once the administrators have a second factor."
        yield _note("ADMINISTRATOR_ACR", message, cure)
    if settings.in_production and not settings.trusted_proxies:
        message = "Clients behind a proxy all have its address, and count as one source."
        yield _note("TRUSTED_PROXIES", message, "Name the proxies, if there are any.")
    if settings.metrics:
        message = "/metrics answers every client that reaches it."
        yield _note("METRICS", message, "Close the path to the outside at the proxy.")
    if settings.link_base_url != settings.public_url:
        message = f"Mailed links lead to {settings.link_base_url}, and not to Doorward's own pages."
        yield _note("LINK_BASE_URL", message, "Leave it out for Doorward's own.")


def _of_sessions(settings: Settings) -> Iterator[Finding]:
    if settings.refresh_grace == 0:
        message = (
            "A second use of a refresh token ends the session, also by a second tab or after an"
            " answer that was lost."
        )
        yield _note("REFRESH_GRACE", message, "Set it to 30, unless that is meant.")
    if settings.sessions_per_user == 0:
        message = "A user may have any number of sessions."
        yield _note("SESSIONS_PER_USER", message, "Set it to 100.")
    if settings.jwks_max_age > _LONG_CACHE:
        message = (
            f"Products may go on for {settings.jwks_max_age} seconds with a key that was revoked,"
            " and a new key waits as long before it signs."
        )
        yield _note("JWKS_MAX_AGE", message, "Set it to 300.")


def _of_sign_up(settings: Settings) -> Iterator[Finding]:
    if not settings.require_verified_email:
        message = "An account works before its address is proven: it may be another person's."
        yield _note("REQUIRE_VERIFIED_EMAIL", message, "Set it to true.")
    if not settings.registration_conceals_existing:
        message = "A sign-up tells whether an address has an account."
        yield _note("REGISTRATION_CONCEALS_EXISTING", message, "Set it to true.")
    if settings.sign_in_attempts == 0 and not settings.in_production:  # there it is a warning
        message = "Passwords can be guessed without end."
        yield _note("SIGN_IN_ATTEMPTS", message, "Set it to 10.")


def _of_processes(settings: Settings) -> Iterator[Finding]:
    if not settings.run_worker:
        message = "Mail is sent, and the audit trail chained, by `doorward worker` alone."
        yield _note("RUN_WORKER", message, "Have one run beside the service.")
    if not settings.migrate_on_start and not settings.in_memory:
        message = "The schema is brought up to date by `doorward migrate` alone."
        yield _note("MIGRATE_ON_START", message, "Run it before each new version starts.")
    needed = settings.hashing_concurrency * settings.argon2_memory_kib // 1024
    present = os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE") // 1024**2
    if needed * 2 > present:
        message = f"Passwords take up to {needed} MiB at once, of {present} that this machine has."
        yield _note("HASHING_CONCURRENCY", message, "Set it lower, or ARGON2_MEMORY_KIB.")


def _note(setting: str, message: str, cure: str) -> Finding:
    return Finding(level="note", setting=setting, message=message, cure=cure)
