"""Which pages there are, what their forms hold, and where to go on."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Final
from urllib.parse import urlencode

from fastapi import Request

from domain.factors.device import DeviceId
from domain.factors.factor import FactorId
from entrypoints.http.edge.parameters import EMAIL_INPUT, NAME_INPUT, PASSWORD_INPUT
from entrypoints.http.pages.flows import TOKEN, Field, Form, read_fields

PREFIX: Final = "/account"
CSRF: Final = "csrf"
THEN: Final = "then"
FACTOR: Final = "factor"
DEVICE: Final = "device"
CREDENTIAL: Final = "credential"
REMEMBER: Final = "remember_device"
CODE_INPUT: Final = 64
"""Characters of a code at most, as in JSON."""
_LONGEST_HIDDEN: Final = 32 * 1024


class Place(StrEnum):
    """One page; the value is the last part of its path."""

    SECURITY = "security"
    SIGN_IN = "sign-in"
    SECOND_FACTOR = "second-factor"
    PASSKEY_SIGN_IN = "passkey-sign-in"
    EMAIL_SIGN_IN = "email-sign-in"
    MAILED_CODE = "mailed-code"
    MAILED_SIGN_IN = "mailed-sign-in"
    STEP_UP = "step-up"
    AUTHENTICATOR_APP = "authenticator-app"
    PASSKEY = "passkey"
    RECOVERY_CODES = "recovery-codes"
    RENAME_FACTOR = "rename-factor"
    REMOVE_FACTOR = "remove-factor"
    FORGET_DEVICE = "forget-device"
    FORGET_DEVICES = "forget-devices"
    SIGN_OUT = "sign-out"


_OF_A_FACTOR: Final = frozenset({Place.RENAME_FACTOR, Place.REMOVE_FACTOR})
_AHEAD: Final = frozenset(
    {Place.SECURITY, Place.AUTHENTICATOR_APP, Place.PASSKEY, Place.RECOVERY_CODES, *_OF_A_FACTOR}
)


class Said(StrEnum):
    """What the next page says of the last one."""

    ADDED = "added"
    RENAMED = "renamed"
    REMOVED = "removed"
    FORGOTTEN = "forgotten"
    ONE_FORGOTTEN = "one-forgotten"
    SIGNED_OUT = "signed-out"


EMAIL = Field("email", "email", "username webauthn", EMAIL_INPUT)
MAILBOX = Field("email", "email", "username", EMAIL_INPUT)
PASSWORD = Field("password", "password", "current-password", PASSWORD_INPUT)
NAME = Field("name", "text", "off", NAME_INPUT, required=False)
CODE = Field("code", "text", "one-time-code", CODE_INPUT, mode="numeric", as_is=True)
MAILED_CODE = Field("email_code", "text", "off", CODE_INPUT, mode="numeric", as_is=True)
SIGN_IN_CODE = Field("email_code", "text", "one-time-code", CODE_INPUT, mode="numeric", as_is=True)
RECOVERY_CODE = Field("recovery_code", "text", "off", CODE_INPUT, as_is=True)

FIELDS: Final[Mapping[Place, Sequence[Field]]] = {
    Place.SIGN_IN: (EMAIL, PASSWORD),
    Place.EMAIL_SIGN_IN: (MAILBOX,),
    Place.MAILED_CODE: (SIGN_IN_CODE,),
    Place.AUTHENTICATOR_APP: (CODE, NAME),
    Place.PASSKEY: (NAME,),
    Place.RENAME_FACTOR: (NAME,),
}
"""What is filled in. A page that takes any of several proofs has a form for each of them."""

PROOFS: Final[Mapping[str, Field]] = {
    "totp": CODE,
    "recovery_code": RECOVERY_CODE,
    "password": PASSWORD,
}
"""Where a proof is filled in, by its kind."""

_HIDDEN: Final[Mapping[Place, Sequence[str]]] = {
    Place.SIGN_IN: (THEN, FACTOR),
    Place.SECOND_FACTOR: (THEN, FACTOR, "state", "code", "recovery_code", REMEMBER, CREDENTIAL),
    Place.EMAIL_SIGN_IN: (THEN, FACTOR),
    Place.MAILED_CODE: (THEN, FACTOR),
    Place.MAILED_SIGN_IN: (TOKEN,),
    Place.PASSKEY_SIGN_IN: (THEN, FACTOR, "challenge", CREDENTIAL),
    Place.STEP_UP: (CSRF, THEN, FACTOR, "challenge", *(each.name for each in PROOFS.values()),
                    CREDENTIAL),
    Place.AUTHENTICATOR_APP: (CSRF, "state", MAILED_CODE.name),
    Place.PASSKEY: (CSRF, "state", MAILED_CODE.name, CREDENTIAL),
    Place.RECOVERY_CODES: (CSRF,),
    Place.RENAME_FACTOR: (CSRF, FACTOR),
    Place.REMOVE_FACTOR: (CSRF, FACTOR),
    Place.FORGET_DEVICE: (CSRF, DEVICE),
    Place.FORGET_DEVICES: (CSRF,),
    Place.SIGN_OUT: (CSRF,),
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Goal:
    """Where to go on, once it is known who the visitor is."""

    place: Place = Place.SECURITY
    factor: FactorId | None = None

    @property
    def address(self) -> str:
        """Return it, relative to any of the pages."""
        if self.factor is None:
            return self.place.value
        return f"{self.place}?{urlencode({FACTOR: str(self.factor)})}"

    @property
    def fields(self) -> dict[str, str]:
        """Return it as fields of a form or a query; none for the page that is the usual one."""
        if self.place is Place.SECURITY:
            return {}
        factor = {} if self.factor is None else {FACTOR: str(self.factor)}
        return {THEN: self.place.value, **factor}

    @classmethod
    def read(cls, given: Mapping[str, str]) -> "Goal":
        """Return what a form or a query says; the usual page for whatever it should not say."""
        try:
            place = Place(given.get(THEN, ""))
        except ValueError:
            return cls()
        factor = factor_in(given) if place in _OF_A_FACTOR else None
        if place not in _AHEAD or (place in _OF_A_FACTOR and factor is None):
            return cls()
        return cls(place, factor)


def factor_in(given: Mapping[str, str]) -> FactorId | None:
    """Return the factor that a form or a query names, if it can be one."""
    try:
        return FactorId.parse(given.get(FACTOR, ""))
    except ValueError:
        return None


def device_in(given: Mapping[str, str]) -> DeviceId | None:
    """Return the device that a form names, if it can be one."""
    try:
        return DeviceId.parse(given.get(DEVICE, ""))
    except ValueError:
        return None


def with_query(place: Place, query: Mapping[str, str]) -> str:
    """Return the page's address, relative to any of the pages."""
    return f"{place}?{urlencode(query)}" if query else place.value


def expected_by(place: Place) -> list[str]:
    """Return every field that a form of this page may send."""
    return [*_HIDDEN[place], *(field.name for field in FIELDS.get(place, ()))]


async def form_of(place: Place, request: Request) -> Form | None:
    """Return what the page's form sent; None for what it does not send."""
    form = read_fields(expected_by(place), await request.body())
    if form is None:
        return None
    limits = {field.name for field in (*FIELDS.get(place, ()), *PROOFS.values(), MAILED_CODE)}
    too_long = any(
        len(value) > _LONGEST_HIDDEN for name, value in form.items() if name not in limits
    )
    return None if too_long else form
