"""Makes the account's pages of what is known and of the words in ``texts``.

Those on which users show who they are stand in ``rendering_sign_in``.
"""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Final

import orjson
from starlette.responses import Response

from application.factors.listing import ListedFactor
from domain.errors import Violation
from domain.factors.device import TrustedDevice
from domain.factors.factor import is_second
from entrypoints.http.account_pages.places import (
    FACTOR,
    FIELDS,
    MAILED_CODE,
    Place,
    Said,
)
from entrypoints.http.account_pages.shown import shown_device, shown_factor
from entrypoints.http.account_pages.texts import ENGLISH
from entrypoints.http.account_pages.wording import PageText
from entrypoints.http.pages.flows import Form
from entrypoints.http.pages.rendering import CSP, in_words, page, shown_field, span_in_words
from entrypoints.http.pages.texts import Notice

_TEMPLATES: Final = Path(__file__).parent / "templates"
_UP: Final = "../"
_HEADERS: Final = {
    # Browsers keep the origin of a form's page to themselves under ``no-referrer``, and it is
    # what shows that the page is ours (Fetch, section 3.2). No address here holds a secret.
    "referrer-policy": "same-origin",
}
_WITH_SCRIPT: Final = {"content-security-policy": f"{CSP}; script-src 'self'"}

type Options = Mapping[str, object]
"""What a browser makes or shows a passkey with."""


def security_page(
    factors: Sequence[ListedFactor],
    devices: Sequence[TrustedDevice] = (),
    *,
    email: str,
    csrf: str,
    said: Said | None = None,
) -> Response:
    """Return the page that shows what the account has."""
    has_second = any(is_second(each.factor) for each in factors)
    return plain_page(
        "security.html",
        200,
        title=ENGLISH.pages[Place.SECURITY].title,
        email=email,
        csrf=csrf,
        has_app=any(each.factor.kind.value == "totp" for each in factors),
        has_second=has_second,
        factors=[shown_factor(each) for each in factors],
        devices=[shown_device(each) for each in devices],
        said=None if said is None else ENGLISH.said[said],
    )


def mail_first_page(place: Place, *, csrf: str) -> Response:
    """Return the page that asks before a code is mailed; its button begins what ``place`` does."""
    return button_page(ENGLISH.mail_first, place, {"csrf": csrf})


def button_page(text: PageText, place: Place, hidden: Mapping[str, str]) -> Response:
    """Return a page with a button, and nothing to fill in."""
    facts: dict[str, Any] = {
        "action": place.value,
        "fields": (),
        "labels": {},
        "about": None,
        "is_grave": False,
    }
    return plain_page("change.html", 200, title=text.title, text=text, hidden=hidden, **facts)


def app_page(
    form: Form,
    *,
    state: str,
    secret: str,
    qr_svg: str,
    csrf: str,
    has_mailed: bool = False,
    status: int = 200,
    problems: Sequence[Violation] = (),
) -> Response:
    """Return the page that sets an authenticator app up.

    ``has_mailed``: a code was mailed, which is asked for as well.
    """
    return asking_page(
        "authenticator-app.html",
        Place.AUTHENTICATOR_APP,
        form,
        status=status,
        problems=problems,
        has_mailed=has_mailed,
        hidden={"csrf": csrf, "state": state},
        secret=_in_groups(secret),
        qr_svg=qr_svg,
    )


def passkey_page(
    form: Form,
    *,
    state: str,
    options: Options,
    csrf: str,
    has_mailed: bool = False,
    status: int = 200,
    problems: Sequence[Violation] = (),
) -> Response:
    """Return the page on which a browser makes a passkey."""
    return asking_page(
        "passkey.html",
        Place.PASSKEY,
        form,
        status=status,
        problems=problems,
        has_script=True,
        has_mailed=has_mailed,
        hidden={"csrf": csrf, "state": state},
        options=as_json(options),
    )


def change_page(
    place: Place,
    form: Form,
    *,
    csrf: str,
    about: ListedFactor | None = None,
    status: int = 200,
    problems: Sequence[Violation] = (),
) -> Response:
    """Return the page that asks once more before something is changed."""
    factor = {} if about is None else {FACTOR: str(about.factor.id)}
    return asking_page(
        "change.html",
        place,
        form,
        status=status,
        problems=problems,
        hidden={"csrf": csrf, **factor},
        about=None if about is None else shown_factor(about),
        is_grave=place is Place.REMOVE_FACTOR,
    )


def codes_page(codes: Sequence[str], *, email: str) -> Response:
    """Return the page with recovery codes, to be printed; it is the only one that shows them."""
    return plain_page(
        "recovery-codes.html", 200, title=ENGLISH.codes.title, codes=codes, email=email
    )


def said_page(
    notice: Notice,
    *,
    status: int,
    goal: Place = Place.SECURITY,
    words: str = ENGLISH.back,
    wait: int | None = None,
) -> Response:
    """Return a page that says why nothing came of it, and where to go on."""
    return plain_page(
        "said.html",
        status,
        title=notice.title,
        notice=notice,
        goal=goal.value,
        words=words,
        wait=wait,
    )


def asking_page(
    template: str,
    place: Place,
    form: Form,
    *,
    status: int,
    problems: Sequence[Violation],
    wait: int | None = None,
    has_mailed: bool = False,
    **facts: Any,
) -> Response:
    """Return a page with the fields of this place, and what is wrong with them.

    ``has_mailed``: a code was mailed, which is asked for as well. ``facts`` are the template's.
    """
    text, problems = ENGLISH.pages[place], in_words(problems, ENGLISH.reasons)
    labels = {MAILED_CODE.name: ENGLISH.mailed_code, **text.fields}
    fields = [
        shown_field(
            field,
            label=labels[field.name].label,
            hint=labels[field.name].hint,
            value=form.get(field.name, ""),
            problems=problems,
        )
        for field in (*([MAILED_CODE] if has_mailed else []), *FIELDS.get(place, ()))
    ]
    return plain_page(
        template,
        status,
        title=text.title,
        text=text,
        action=place.value,
        fields=fields,
        labels={field["name"]: labels[field["name"]] for field in fields},
        problems=problems,
        wait=wait,
        **facts,
    )


def plain_page(
    template: str,
    status: int,
    *,
    problems: Sequence[Violation] = (),
    has_script: bool = False,
    wait: int | None = None,
    **facts: Any,
) -> Response:
    """Return a page, with the headers that go with it."""
    answer = page(
        template,
        status,
        up=_UP,
        folder=_TEMPLATES,
        words_here=ENGLISH,
        has_script=has_script,
        problems=problems,
        later=ENGLISH.later.format(wait=span_in_words(wait)) if wait else None,
        **facts,
    )
    answer.headers.update(_HEADERS | (_WITH_SCRIPT if has_script else {}))
    if wait:
        answer.headers["retry-after"] = str(wait)
    return answer


def _in_groups(secret: str) -> str:
    """Return the secret as it is easiest to type; apps read past the spaces."""
    return " ".join(secret[at : at + 4] for at in range(0, len(secret), 4))


def as_json(options: Options) -> str:
    """Return them as the script reads them."""
    return orjson.dumps(options).decode()
