"""What can be set about how users show who they are."""

from typing import Annotated, Literal

from pydantic import AfterValidator, Field
from pydantic_settings import BaseSettings

from entrypoints.settings import addresses
from entrypoints.settings.letter_case import IN_ANY_CASE
from entrypoints.settings.lists import PasskeyOrigins, SignInMethodList
from entrypoints.settings.seconds import Seconds, SecondsOrNone


class FactorSettings(BaseSettings):
    """Part of :class:`~entrypoints.settings.model.Settings`."""

    administrator_acr: Annotated[Literal["none", "aal2", "phr"], IN_ANY_CASE] = Field(
        "none",
        description="none, aal2 or phr: in sessions below it the role administrator is dormant.",
    )
    trusted_device_ttl: SecondsOrNone = Field(
        0, description="Seconds that a device is trusted after a second factor; 0: none is."
    )
    reauthentication_max_age: Seconds = Field(
        300, description="Seconds after a proof in which dangerous requests need no other."
    )
    sign_in_methods: SignInMethodList = Field(
        ("password", "passkey"),
        description="How sessions may begin: password, passkey, email, with commas between.",
    )
    sign_in_code_ttl: Seconds = Field(
        600, description="Seconds that a mailed code to sign in with works."
    )
    passkey_rp_id: Annotated[str, AfterValidator(addresses.domain)] | None = Field(
        None, description="The domain that passkeys are made for; the host of PUBLIC_URL."
    )
    passkey_origins: PasskeyOrigins = Field(
        None, description="Origins whose pages may use them, with commas between; PUBLIC_URL."
    )
