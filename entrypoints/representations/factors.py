"""How factors look from outside."""

from typing import Any
from urllib.parse import quote, urlencode

from application.factors.enrolment import Enrolled
from application.factors.listing import ListedFactor
from application.factors.totp import TotpEnrolment
from application.sessions.token_grants import DeviceToken
from domain.factors.device import TrustedDevice
from domain.factors.factor import Passkey, RecoveryCodes
from entrypoints.representations.formats import instant


def factor_body(listed: ListedFactor) -> dict[str, Any]:
    """Return a factor without anything that could prove it."""
    factor = listed.factor
    body: dict[str, Any] = {
        "id": str(factor.id),
        "kind": factor.kind.value,
        "name": factor.name,
        "created_at": instant(factor.created_at),
        "last_used_at": instant(factor.last_used_at),
        "usable": listed.usable,
    }
    if isinstance(factor, Passkey):
        body["synced"] = factor.synced
    if isinstance(factor, RecoveryCodes):
        body["remaining"] = len(factor.tags)
    return body


def device_body(device: TrustedDevice) -> dict[str, Any]:
    """Return a trusted device without what it is known by."""
    return {
        "id": str(device.id),
        "created_at": instant(device.created_at),
        "expires_at": instant(device.expires_at),
        "ip_address": device.ip_address,
        "user_agent": device.user_agent,
    }


def device_token_body(device: DeviceToken) -> dict[str, Any]:
    """Return what a device keeps that is trusted from now on."""
    return {"token": device.token, "expires_at": instant(device.expires_at)}


def otpauth_uri(begun: TotpEnrolment) -> str:
    """Return the address that an authenticator app reads from a QR code.

    The form is that of Google Authenticator's key URI, which every app reads.
    """
    label = f"{quote(begun.issuer, safe='')}:{quote(begun.account, safe='@')}"
    parameters = {
        "secret": begun.secret,
        "issuer": begun.issuer,
        "algorithm": begun.settings.algorithm.value,
        "digits": str(begun.settings.digits),
        "period": str(begun.settings.period),
    }
    return f"otpauth://totp/{label}?{urlencode(parameters, quote_via=quote)}"


def enrolled_body(enrolled: Enrolled) -> dict[str, Any]:
    """Return a factor that was just added, and what is shown only now."""
    codes = enrolled.recovery_codes
    return {
        "factor": factor_body(ListedFactor(enrolled.factor, usable=True)),
        "recovery_codes": None if codes is None else list(codes),
    }
