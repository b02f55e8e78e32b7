"""What is unwise or forbidden about settings that are each well-formed (CF-1, HD-4)."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal

from entrypoints.settings import addresses
from entrypoints.settings.model import Settings
from entrypoints.settings.secret_key import SHORTEST_KEY

_USUAL_IDLE_SECONDS = 60
_ARGON2_FLOOR = {"argon2_memory_kib": 19456, "argon2_time_cost": 2, "argon2_parallelism": 1}
_WELL_KNOWN_BEGINNINGS = (
    "secret", "mysecret", "yoursecret", "supersecret", "topsecret", "password", "example",
    "insecure", "djangoinsecure", "default", "development", "doorward", "keyboardcat", "deadbeef",
    "0123456789", "1234567890", "abcdefghij", "qwertyuiop", "thisisa",
)  # fmt: skip
_WELL_KNOWN_PARTS = ("changeme", "changethis", "changeit", "replaceme", "replacethis")


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """One thing that ``doorward check`` has to say.

    ``stops_start`` marks the errors with which Doorward does not start at all: going on would
    put accounts at risk. An error without it means that some part cannot work.
    """

    level: Literal["error", "warning", "note", "ok", "summary"]
    setting: str
    message: str
    cure: str = ""
    stops_start: bool = False
    reason: str | None = None
    """The stable name of the cause, where a part that Doorward needs has one."""


def refusals(settings: Settings) -> list[Finding]:
    """Return the findings with which Doorward must not start; empty if it may."""
    return [finding for finding in findings(settings) if finding.stops_start]


def findings(settings: Settings) -> list[Finding]:
    """Return everything worth saying about the settings, never quoting a secret.

    In development nothing is an error: it has to work out of the box on this machine.
    """
    found = [*(_in_production(settings) if settings.in_production else _in_development(settings))]
    spoken_of = {finding.setting for finding in found}
    found += [
        Finding(level="ok", setting=setting, message="Fine.")
        for setting in ("SECRET_KEY", "PUBLIC_URL", "DATABASE_URL", "SMTP_URL", "MAIL_FROM")
        if setting not in spoken_of
    ]
    return found


def weakness(key: str) -> str | None:
    """Return what makes a secret key guessable, or None."""
    if len(key.encode()) < SHORTEST_KEY:
        return f"is shorter than {SHORTEST_KEY} bytes"
    letters = re.sub(r"[^a-z0-9]", "", key.lower())
    if letters.startswith(_WELL_KNOWN_BEGINNINGS) or any(p in letters for p in _WELL_KNOWN_PARTS):
        return "is well known"
    if len(set(key)) < 8 or key in (key + key)[1:-1]:
        return "repeats itself"
    return None


def _in_production(settings: Settings) -> Iterator[Finding]:
    yield from _secret_key(settings)
    yield from _reachability(settings)
    yield from _storage(settings)
    yield from _hashing(settings)
    yield from _mail(settings)
    yield from _passkeys(settings)
    if settings.debug:
        yield _stop("DEBUG", "Is on in production.", "Set DEBUG=false.")
    if not settings.rate_limits:
        yield _warn("RATE_LIMITS", "Nothing is limited by count.", "Set RATE_LIMITS=on.")
    if not 0 < settings.sign_in_attempts <= 100:
        message = "Passwords can be guessed more than 100 times in a row (NIST SP 800-63B)."
        yield _warn("SIGN_IN_ATTEMPTS", message, "Set it to 10.")
    if settings.keep_alive_seconds <= _USUAL_IDLE_SECONDS:
        message = (
            "A balancer that keeps connections for 60 seconds sends requests into closed ones."
        )
        yield _warn("KEEP_ALIVE_SECONDS", message, "Set it above the balancer's, such as 75.")
    if not settings.api_key_max_ttl:
        message = "API keys may be made that never end: one that leaks unnoticed is good for ever."
        yield _warn("API_KEY_MAX_TTL", message, "Leave it out (a year), or set a shorter time.")
    if settings.docs:
        yield _warn("DOCS", "Anyone can read the description of the API.", "Set DOCS=off.")


def _in_development(settings: Settings) -> Iterator[Finding]:
    if not addresses.is_loopback_host(settings.host):
        message = "Development mode listens beyond this machine, with its mails open to read."
        yield _warn("HOST", message, "Set HOST=127.0.0.1, or ENVIRONMENT=production.")
    if settings.secret_key is None:
        message = "Not set: one is made for this machine."
        yield Finding(level="ok", setting="SECRET_KEY", message=message)
    elif weak := weakness(settings.secret_key.get_secret_value()):
        yield _warn("SECRET_KEY", f"It {weak}.", NEW_KEY)
    if (weak := _weakness_of_previous(settings)) is not None:
        yield _warn("SECRET_KEY_PREVIOUS", f"It {weak}.", _PREVIOUS_KEY)
    elif settings.in_memory and settings.secret_key_previous is not None:
        message = "Nothing is kept that could be under an earlier key."
        yield _warn("SECRET_KEY_PREVIOUS", message, "Remove it.")
    if settings.in_memory:
        message = "Everything is forgotten at the end of the process."
        yield _warn("DATABASE_URL", message, "Leave it out for a file under var/.")


def _secret_key(settings: Settings) -> Iterator[Finding]:
    if settings.secret_key is None:
        yield _stop("SECRET_KEY", "It is missing.", NEW_KEY)
    elif weak := weakness(settings.secret_key.get_secret_value()):
        yield _stop("SECRET_KEY", f"It {weak}.", NEW_KEY)
    if (weak := _weakness_of_previous(settings)) is not None:
        yield _stop("SECRET_KEY_PREVIOUS", f"It {weak}.", _PREVIOUS_KEY)


def _weakness_of_previous(settings: Settings) -> str | None:
    previous = settings.secret_key_previous
    return None if previous is None else weakness(previous.get_secret_value())


def _reachability(settings: Settings) -> Iterator[Finding]:
    # The links point at the public address unless set; one finding is enough then.
    named = {settings.link_base_url: "LINK_BASE_URL", settings.public_url: "PUBLIC_URL"}
    for address, setting in named.items():
        if address.startswith("https://"):
            continue
        if not addresses.is_loopback(address):
            message = "Passwords and tokens would travel in the clear."
            yield _stop(setting, message, f"Set {setting} to an https:// address.")
        elif setting == "PUBLIC_URL":
            message = "Only this machine can follow it."
            yield _warn(setting, message, "Set PUBLIC_URL to the address that clients see.")


def _storage(settings: Settings) -> Iterator[Finding]:
    if settings.in_memory:
        message = "Everything would be forgotten at the end of the process."
        yield _stop("DATABASE_URL", message, "Set DATABASE_URL to postgresql://…")
    elif settings.sqlite_file is not None:
        message = "SQLite serves one machine and one writer at a time."
        yield _warn("DATABASE_URL", message, "Set DATABASE_URL to postgresql://…")


def _hashing(settings: Settings) -> Iterator[Finding]:
    for name, floor in _ARGON2_FLOOR.items():
        if getattr(settings, name) < floor:
            message = "Hashes would be weaker than OWASP's minimum (PW-1)."
            yield _stop(name.upper(), message, f"Set it to {floor} or more.")


def _mail(settings: Settings) -> Iterator[Finding]:
    if settings.smtp_url is None:
        message = "Mail waits in the outbox: no address can be verified, no password reset."
        yield Finding(level="error", setting="SMTP_URL", message=message, cure="Set SMTP_URL.")
    domain = addresses.mail_domain(settings.mail_from)
    cure = "Set MAIL_FROM to a mailbox of yours."
    if domain == "localhost":
        message = "No mail server takes mail from there."
        yield Finding(level="error", setting="MAIL_FROM", message=message, cure=cure)
    elif domain.endswith((".localhost", ".localdomain", ".invalid", ".test", ".example")):
        yield _warn("MAIL_FROM", "Only a mail server of your own takes mail from there.", cure)


def _passkeys(settings: Settings) -> Iterator[Finding]:
    place, home = settings.passkey_place, addresses.host(settings.public_url)
    if addresses.is_ip_address(place.rp_id) and not addresses.is_loopback_host(place.rp_id):
        message = "Browsers have passkeys on names, and none on an IP address."
        yield _warn("PASSKEY_RP_ID", message, "Set PUBLIC_URL to an address with a name.")
    if place.related and place.rp_id != home:
        message = (
            "Some are not under PASSKEY_RP_ID, and browsers ask its own host about them, where"
            " PUBLIC_URL does not lead."
        )
        cure = "Have that host pass /.well-known/webauthn on to PUBLIC_URL."
        yield _warn("PASSKEY_ORIGINS", message, cure)


_PREVIOUS_KEY = "Set it to the SECRET_KEY that was in use, or remove it."
NEW_KEY = "Set SECRET_KEY to the output of: openssl rand -base64 48"


def _stop(setting: str, message: str, cure: str) -> Finding:
    return Finding(level="error", setting=setting, message=message, cure=cure, stops_start=True)


def _warn(setting: str, message: str, cure: str) -> Finding:
    return Finding(level="warning", setting=setting, message=message, cure=cure)
