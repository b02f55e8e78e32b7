"""
Every state of every page of an account, made without a service.
"""

from collections.abc import Mapping
from datetime import UTC, datetime
from uuid import UUID

from starlette.responses import Response

from application.factors.listing import ListedFactor
from domain.errors import Violation
from domain.factors.device import DeviceId, TrustedDevice
from domain.factors.factor import FactorId, Passkey, RecoveryCodes, Totp
from domain.factors.totp import TotpSettings
from domain.identifiers import UserId
from entrypoints.http.account_pages.places import Goal, Place, Said
from entrypoints.http.account_pages.rendering import (
    app_page,
    change_page,
    codes_page,
    mail_first_page,
    passkey_page,
    said_page,
    security_page,
)
from entrypoints.http.account_pages.rendering_sign_in import (
    email_sign_in_page,
    mailed_code_page,
    prove_page,
    sign_in_page,
)
from entrypoints.http.account_pages.texts import ENGLISH
from entrypoints.http.factors.qr_code import qr_svg

EMAIL = "ada@example.com"
_NOW = datetime(2026, 11, 28, 12, tzinfo=UTC)
_HERE = "dwk_of_the_page"
_OPTIONS: Mapping[str, object] = {"challenge": "AAAA", "rpId": "localhost", "allowCredentials": []}
_SECRET = "GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ"
_CODES = [f"k3v8q-{n}tq4m" for n in range(10)]
_METHODS = ["passkey", "totp", "recovery_code"]


def account_page_states() -> dict[str, Response]:
    """
    Return each page by a name that says which one it is and how it got there.
    """
    missing = [Violation("email", "MISSING", ""), Violation("password", "MISSING", "")]
    wrong = [Violation("password", "INVALID_CREDENTIALS", "")]
    passkey = ("dwc_x", _OPTIONS)
    return {
        "sign-in: open": sign_in_page({}, goal=Goal(), passkey=passkey),
        "sign-in: no passkeys": sign_in_page({}, goal=Goal(), passkey=None),
        "sign-in: signed out": sign_in_page({}, goal=Goal(), passkey=passkey, said=Said.SIGNED_OUT),
        "sign-in: wrong": sign_in_page(
            {"email": EMAIL}, goal=Goal(), passkey=passkey, status=422, problems=wrong
        ),
        "sign-in: empty": sign_in_page(
            {}, goal=Goal(), passkey=passkey, status=422, problems=missing
        ),
        "sign-in: later": sign_in_page({}, goal=Goal(), passkey=passkey, status=429, wait=90),
        "sign-in: mail too": sign_in_page({}, goal=Goal(), passkey=passkey, has_mail=True),
        "sign-in: mail alone": sign_in_page(
            {}, goal=Goal(), passkey=None, has_password=False, has_mail=True
        ),
        "email-sign-in: open": email_sign_in_page({}, goal=Goal()),
        "email-sign-in: empty": email_sign_in_page(
            {}, goal=Goal(), status=422, problems=missing[:1]
        ),
        "email-sign-in: over": email_sign_in_page(
            {}, goal=Goal(), status=400, problems=[Violation("", "INVALID_CHALLENGE", "")]
        ),
        "mailed-code: open": mailed_code_page(goal=Goal()),
        "mailed-code: wrong": mailed_code_page(
            goal=Goal(), status=422, problems=[Violation("email_code", "INVALID_PROOF", "")]
        ),
        "mailed-code: later": mailed_code_page(goal=Goal(), status=429, wait=90),
        "second-factor: code": _proving(Place.SECOND_FACTOR, _METHODS[1:]),
        "second-factor: all": _proving(Place.SECOND_FACTOR, _METHODS),
        "second-factor: to remember": prove_page(
            Place.SECOND_FACTOR, methods=_METHODS[1:], hidden={"state": _HERE}, may_remember=True
        ),
        "security: devices": security_page(_factors()[:1], _devices(), email=EMAIL, csrf=_HERE),
        "second-factor: wrong": _proving(Place.SECOND_FACTOR, _METHODS, wrong="recovery_code"),
        "step-up: all": _proving(Place.STEP_UP, _METHODS),
        "step-up: wrong": _proving(Place.STEP_UP, ["totp"], wrong="code"),
        "step-up: password": _proving(Place.STEP_UP, ["password"]),
        "security: nothing": security_page([], email=EMAIL, csrf=_HERE),
        "security: much": security_page(_factors(), email=EMAIL, csrf=_HERE, said=Said.ADDED),
        "authenticator-app: open": _setting_up(),
        "authenticator-app: wrong": _setting_up([Violation("code", "WRONG_CODE", "")]),
        "passkey: open": passkey_page({}, state=_HERE, options=_OPTIONS, csrf=_HERE),
        "passkey: mailed": passkey_page(
            {}, state=_HERE, options=_OPTIONS, csrf=_HERE, has_mailed=True
        ),
        "passkey: mail first": mail_first_page(Place.PASSKEY, csrf=_HERE),
        "rename-factor: open": change_page(
            Place.RENAME_FACTOR, {"name": "My phone"}, csrf=_HERE, about=_factors()[0]
        ),
        "remove-factor: open": change_page(
            Place.REMOVE_FACTOR, {}, csrf=_HERE, about=_factors()[1]
        ),
        "recovery-codes: open": change_page(Place.RECOVERY_CODES, {}, csrf=_HERE),
        "recovery-codes: shown": codes_page(_CODES, email=EMAIL),
        "refused: foreign": said_page(ENGLISH.foreign, status=403),
        "refused: used": said_page(ENGLISH.refusals["INVALID_CHALLENGE"], status=400),
    }


def _proving(place: Place, methods: list[str], *, wrong: str | None = None) -> Response:
    problems = [Violation(wrong, "INVALID_PROOF", "")] if wrong else []
    return prove_page(
        place,
        methods=methods,
        options=_OPTIONS,
        hidden={"state": _HERE},
        is_signed_in=place is Place.STEP_UP,
        status=422 if wrong else 200,
        problems=problems,
    )


def _setting_up(problems: list[Violation] | None = None) -> Response:
    uri = f"otpauth://totp/Doorward:{EMAIL}?secret={_SECRET}&issuer=Doorward"
    return app_page(
        {"name": "My phone"} if problems else {},
        state=_HERE,
        secret=_SECRET,
        qr_svg=qr_svg(uri),
        csrf=_HERE,
        status=422 if problems else 200,
        problems=problems or [],
    )


def _factors() -> list[ListedFactor]:
    user = UserId.new(_NOW, bytes)
    app = Totp(
        id=_numbered(1),
        user_id=user,
        name="The phone with the long name that its owner gave it on a rainy Sunday afternoon",
        created_at=_NOW,
        last_used_at=_NOW,
        sealed_secret=b"",
        settings=TotpSettings(),
        last_counter=0,
    )
    passkeys = [
        Passkey(
            id=_numbered(n),
            user_id=user,
            name=name,
            created_at=_NOW,
            credential_id=b"",
            public_key=b"",
            sign_count=0,
            synced=n == 2,
            transports=(),
            rp_id="",
        )
        for n, name in ((2, "My laptop"), (3, None))
    ]
    codes = RecoveryCodes(
        id=_numbered(4),
        user_id=user,
        name=None,
        created_at=_NOW,
        sealed_key=b"",
        tags=frozenset(bytes([n]) for n in range(9)),
    )
    usable = [ListedFactor(each, usable=True) for each in (app, passkeys[0])]
    return [*usable, ListedFactor(passkeys[1], usable=False), ListedFactor(codes, usable=True)]


def _devices() -> list[TrustedDevice]:
    agent = "Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0"
    return [
        TrustedDevice(
            id=DeviceId(UUID(int=number)),
            user_id=UserId(UUID(int=1)),
            digest=b"",
            created_at=_NOW,
            expires_at=_NOW,
            ip_address=None,
            user_agent=user_agent,
        )
        for number, user_agent in ((1, agent), (2, None))
    ]


def _numbered(number: int) -> FactorId:
    return FactorId(UUID(int=number))
