"""The settings themselves, each with its meaning and its default; every default is safe."""

import os
import re
from collections.abc import Callable, Mapping
from functools import cached_property
from pathlib import Path
from typing import Annotated, Any, Literal, cast

from pydantic import (
    AfterValidator,
    Field,
    SecretStr,
    model_validator,
)
from pydantic_settings import (
    BaseSettings,
    DotEnvSettingsSource,
    PydanticBaseSettingsSource,
    SettingsConfigDict,
)

from domain.keys.signing_key import SigningAlgorithm
from entrypoints.settings import addresses
from entrypoints.settings.factors import FactorSettings
from entrypoints.settings.letter_case import IN_ANY_CASE
from entrypoints.settings.lists import Networks, Origins
from entrypoints.settings.passkeys import PasskeyPlace
from entrypoints.settings.problems import SettingsError
from entrypoints.settings.seconds import Seconds, SecondsOrNone
from entrypoints.settings.secret_key import KeptKey, KeyNotKept, previous_key

_HTTP_PORT = 80


def _secret(read: Callable[[str], str]) -> Callable[[SecretStr], SecretStr]:
    return lambda secret: SecretStr(read(secret.get_secret_value()))


def _one_token(text: str) -> str:
    if not re.fullmatch(r"[\x21-\x7e]{1,255}", text):
        raise ValueError("is not 1 to 255 visible ASCII characters without spaces")
    return text


def _bare_host(host: str) -> str:
    """Return an IPv6 address without the brackets that it has in a web address."""
    return host[1:-1] if host.startswith("[") and host.endswith("]") else host


def _in_development(known: Mapping[str, Any]) -> bool:
    return bool(known["environment"] == "development")


def _log_format(known: Mapping[str, Any]) -> Literal["json", "console"]:
    return "console" if known["environment"] == "development" else "json"


def _own_address(known: Mapping[str, Any]) -> str:
    # Where only IPv6 is listened on, 127.0.0.1 would lead nowhere.
    host = "[::1]" if known["host"] == "::1" else "127.0.0.1"
    port = "" if known["port"] == _HTTP_PORT else f":{known['port']}"  # as browsers write it
    return f"http://{host}{port}"


def _public_url(known: Mapping[str, Any]) -> str:
    return str(known["public_url"])


def _usable_cores() -> int:
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


class _DotEnv(DotEnvSettingsSource):
    """Hands over unknown keys without a value as well, so that they are refused like the rest."""

    def __call__(self) -> dict[str, Any]:
        known = self.settings_cls.model_fields
        return super().__call__() | {
            name: value or "" for name, value in self.env_vars.items() if name not in known
        }


class Settings(FactorSettings):
    """Everything that can be set. The names are the environment's, in lower case.

    An empty value means that the default holds. No value ever stands in ``repr`` of a secret
    or in a message of SettingsError.
    """

    model_config = SettingsConfigDict(
        env_file=".env",
        env_file_encoding="utf-8-sig",  # some editors put a byte-order mark first
        extra="forbid",
        frozen=True,
        hide_input_in_errors=True,
        validate_default=True,
    )

    environment: Annotated[Literal["development", "production"], IN_ANY_CASE] = Field(
        "development", description="development or production."
    )
    debug: bool = Field(False, description="Tell more in the log; refused in production.")
    host: Annotated[str, AfterValidator(_one_token), AfterValidator(_bare_host)] = Field(
        "127.0.0.1", description="The address that the service listens on."
    )
    port: int = Field(8000, ge=1, le=65535, description="The port that it listens on.")
    public_url: Annotated[str, AfterValidator(addresses.origin)] = Field(
        default_factory=_own_address,
        description="The origin that clients see, such as https://id.example.com.",
    )
    link_base_url: Annotated[str, AfterValidator(addresses.page_url)] = Field(
        default_factory=_public_url, description="Where the links in mails point."
    )
    database_url: Annotated[SecretStr, AfterValidator(_secret(addresses.database_url))] = Field(
        SecretStr("sqlite:///var/doorward.db"),
        description="postgresql://…, sqlite:///path, or memory:// to keep nothing.",
    )
    database_pool_size: int = Field(
        10, ge=1, le=1000, description="Connections to PostgreSQL per process."
    )
    secret_key: SecretStr | None = Field(
        None, description="At least 32 random bytes that other keys are derived from."
    )
    secret_key_previous: SecretStr | None = Field(None, description="The SECRET_KEY it replaces.")
    access_token_ttl: int = Field(
        600, ge=1, le=600, description="Seconds that an access token lives; at most ten minutes."
    )
    token_audience: Annotated[str, AfterValidator(_one_token)] = Field(
        default_factory=_public_url, description="The `aud` of access tokens."
    )
    signing_algorithm: SigningAlgorithm = Field(
        SigningAlgorithm.EDDSA, description="EdDSA, ES256 or RS256, for keys made from now on."
    )
    jwks_max_age: int = Field(
        300, ge=0, le=7 * 24 * 3600, description="Seconds that others may keep the JWKS."
    )
    api_key_max_ttl: SecondsOrNone = Field(
        31_536_000, description="Seconds that an API key lives at most; 0: for good."
    )
    sessions_per_user: int = Field(
        100, ge=0, description="Sessions of one user; the oldest ends beyond it. 0: no cap."
    )
    session_idle_ttl: Seconds = Field(
        14 * 24 * 3600, description="Seconds that a session lives without being used."
    )
    session_absolute_ttl: Seconds = Field(
        90 * 24 * 3600, description="Seconds that a session lives at most."
    )
    refresh_grace: int = Field(
        30, ge=0, le=60, description="Seconds in which a used refresh token repeats its answer."
    )
    email_verification_ttl: Seconds = Field(
        24 * 3600, description="Seconds that a verification link works."
    )
    password_reset_ttl: Seconds = Field(30 * 60, description="Seconds that a reset link works.")
    email_change_ttl: Seconds = Field(
        24 * 3600, description="Seconds that the link of an e-mail change works."
    )
    invitation_ttl: Seconds = Field(
        7 * 24 * 3600, description="Seconds that an invitation can be accepted."
    )
    require_verified_email: bool = Field(
        True, description="Refuse sign-in until the address is proven."
    )
    registration_conceals_existing: bool = Field(
        True, description="Answer a sign-up alike whether or not the address is taken."
    )
    password_min_length: int = Field(
        15, ge=8, le=64, description="Fewest characters of a password."
    )
    password_max_length: int = Field(
        256, ge=64, le=4096, description="Most characters of a password."
    )
    argon2_memory_kib: int = Field(
        65536, ge=8, le=4 * 1024 * 1024, description="KiB of memory per password hash."
    )
    argon2_time_cost: int = Field(3, ge=1, le=1000, description="Passes per password hash.")
    argon2_parallelism: int = Field(1, ge=1, le=64, description="Lanes per password hash.")
    hashing_concurrency: int = Field(
        default_factory=_usable_cores, ge=1, le=1024, description="Passwords hashed at a time."
    )
    hashing_queue: int = Field(
        64, ge=0, le=100_000, description="Passwords waiting for it; more are told to come back."
    )
    sign_in_attempts: int = Field(
        10, ge=0, description="Wrong passwords before an address is locked. 0: no lock."
    )
    sign_in_lock_seconds: Seconds = Field(30, description="Seconds that the first lock lasts.")
    rate_limits: bool = Field(True, description="Every limit by count, mail included.")
    smtp_url: Annotated[SecretStr, AfterValidator(_secret(addresses.smtp_url))] | None = Field(
        None, description="smtp://[user:password@]host[:port] or smtps://…"
    )
    mail_from: Annotated[str, AfterValidator(addresses.mailbox)] = Field(
        "Doorward <no-reply@localhost>", description="The mailbox that mail comes from."
    )
    mail_retry_seconds: float = Field(
        5,
        gt=0,
        le=86400,
        allow_inf_nan=False,
        description="Seconds to the first new try of a mail.",
    )
    trusted_proxies: Networks = Field(
        (), description="Proxies whose X-Forwarded-For is believed: CIDRs, with commas between."
    )
    cors_origins: Origins = Field(
        (), description="Origins whose pages may call the API, with commas between."
    )
    body_limit: int = Field(
        64 * 1024, ge=1, le=16 * 1024 * 1024, description="Most bytes of a request's body."
    )
    request_deadline: float = Field(
        10, gt=0, le=3600, allow_inf_nan=False, description="Seconds that a request may take."
    )
    keep_alive_seconds: int = Field(
        75, ge=1, le=3600, description="Seconds that a connection may be idle; above the proxy's."
    )
    log_level: Annotated[Literal["debug", "info", "warning", "error", "critical"], IN_ANY_CASE] = (
        Field("info", description="debug, info, warning, error or critical.")
    )
    log_format: Annotated[Literal["json", "console"], IN_ANY_CASE] = Field(
        default_factory=_log_format, description="json or console."
    )
    metrics: bool = Field(False, description="Answer /metrics.")
    docs: bool = Field(
        default_factory=_in_development, description="Answer /openapi.json, /docs and /redoc."
    )
    audit_refreshes: bool = Field(
        False, description="Note every rotation of a refresh token in the audit trail."
    )
    run_worker: bool = Field(
        default_factory=_in_development, description="Run the worker inside the API process."
    )
    migrate_on_start: bool = Field(
        default_factory=_in_development, description="Bring the database up to date at start."
    )

    @classmethod
    def settings_customise_sources(
        cls,
        settings_cls: type[BaseSettings],
        init_settings: PydanticBaseSettingsSource,
        env_settings: PydanticBaseSettingsSource,
        dotenv_settings: PydanticBaseSettingsSource,
        file_secret_settings: PydanticBaseSettingsSource,
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        """Name the places that settings come from; the environment wins over ``.env``."""
        file = cast(DotEnvSettingsSource, dotenv_settings).env_file
        dotenv = _DotEnv(settings_cls, env_file=file)
        return init_settings, env_settings, dotenv, file_secret_settings

    @model_validator(mode="before")
    @classmethod
    def _empty_means_default(cls, given: Any) -> Any:
        """An empty variable overrides ``.env`` and says: as if nothing was set."""
        if not isinstance(given, Mapping):
            return given
        for name, value in given.items():
            # Bytes that are no text come from the environment as surrogates (PEP 383).
            if isinstance(value, str) and re.search("[\ud800-\udfff]", value):
                raise ValueError(f"{name.upper()}: is not UTF-8. Write it anew.")
        return {
            name: value
            for name, value in given.items()
            if value != "" or name not in cls.model_fields
        }

    @model_validator(mode="after")
    def _fits_together(self) -> "Settings":
        _ = self.passkey_place
        if self.argon2_memory_kib < 8 * self.argon2_parallelism:
            raise ValueError(
                "ARGON2_MEMORY_KIB: is less than 8 times ARGON2_PARALLELISM. "
                "Raise the one or lower the other."
            )
        return self

    @cached_property
    def passkey_place(self) -> PasskeyPlace:
        """For which domain passkeys are made, and where they work."""
        return PasskeyPlace.of(self.public_url, self.passkey_rp_id, self.passkey_origins)

    @property
    def in_production(self) -> bool:
        """Whether others depend on this process."""
        return self.environment == "production"

    @property
    def in_memory(self) -> bool:
        """Whether nothing outlives this process."""
        return self.database_url.get_secret_value() == addresses.MEMORY

    def forgetful(self) -> "Settings":
        """Return the same settings over a store in memory and under a key that is thrown away.

        For what only describes the service: it opens and makes nothing.
        """
        nowhere = SecretStr(addresses.MEMORY)
        return self.model_copy(update={"database_url": nowhere}).under(KeptKey.fresh())

    def under(self, key: bytes) -> "Settings":
        """Return the same settings under this key, whether or not it is the one that is kept."""
        text = SecretStr(key.decode(errors="replace"))
        copy = self.model_copy(update={"secret_key": text})
        copy.__dict__["_secret_key_bytes"] = key  # a file may hold bytes that are no text
        return copy

    @property
    def sqlite_file(self) -> Path | None:
        """The file of a SQLite database, None for any other."""
        return addresses.sqlite_file(self.database_url.get_secret_value())

    def secret_key_bytes(self) -> bytes:
        """Return the bytes that other keys are derived from; the same on every call.

        In development a missing key is made and kept; in production it is refused (CF-1).
        """
        return self._secret_key_bytes

    def previous_key_bytes(self) -> bytes | None:
        """Return the bytes before them, if SECRET_KEY_PREVIOUS is set; raises SettingsError."""
        if (given := self.secret_key_previous) is None:
            return None
        return previous_key(given.get_secret_value(), self.secret_key_bytes(), self.kept_key)

    @cached_property
    def kept_key(self) -> KeptKey | None:
        """Where the key is kept that development makes for itself; None if it keeps none."""
        if self.secret_key is not None or self.in_production or self.in_memory:
            return None
        beside = self.sqlite_file or Path("var") / "doorward.db"
        return KeptKey(beside.parent / "secret_key")

    @cached_property
    def _secret_key_bytes(self) -> bytes:
        if self.secret_key is not None:
            return self.secret_key.get_secret_value().encode()
        if self.in_production:
            raise SettingsError(["SECRET_KEY: is missing. Set it to at least 32 random bytes."])
        if self.kept_key is None:
            return KeptKey.fresh()
        try:
            return self.kept_key.read_or_make()
        except KeyNotKept as failure:
            cure = "Start in a folder that this user may write to, or set SECRET_KEY."
            raise SettingsError([f"SECRET_KEY: {failure} {cure}"]) from failure
