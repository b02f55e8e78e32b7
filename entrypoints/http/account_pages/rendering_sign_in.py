"""Makes the pages on which users show who they are: to sign in, and to go on."""

from collections.abc import Mapping, Sequence
from typing import Any

from starlette.responses import Response

from domain.errors import Violation
from entrypoints.http.account_pages.places import PROOFS, Goal, Place, Said, with_query
from entrypoints.http.account_pages.rendering import (
    Options,
    as_json,
    asking_page,
    button_page,
    plain_page,
)
from entrypoints.http.account_pages.texts import ENGLISH
from entrypoints.http.pages.flows import TOKEN, Form
from entrypoints.http.pages.rendering import in_words, shown_field


def sign_in_page(
    form: Form,
    *,
    goal: Goal,
    passkey: tuple[str, Options] | None,
    has_password: bool = True,
    has_mail: bool = False,
    status: int = 200,
    problems: Sequence[Violation] = (),
    said: Said | None = None,
    wait: int | None = None,
) -> Response:
    """Return the page that asks for address and password, and offers passkeys.

    ``passkey`` is a challenge with its options; None where there is no such way to sign in.
    ``has_password`` and ``has_mail``: there are these.
    """
    return asking_page(
        "sign-in.html",
        Place.SIGN_IN,
        form,
        status=status,
        problems=problems,
        wait=wait,
        has_script=passkey is not None,
        hidden=goal.fields,
        said=None if said is None else ENGLISH.said[said],
        has_password=has_password,
        by_mail=with_query(Place.EMAIL_SIGN_IN, goal.fields) if has_mail else None,
        challenge=passkey[0] if passkey else None,
        options=as_json(passkey[1]) if passkey else None,
    )


def email_sign_in_page(
    form: Form,
    *,
    goal: Goal,
    status: int = 200,
    problems: Sequence[Violation] = (),
    wait: int | None = None,
) -> Response:
    """Return the page that asks where a code is to be mailed."""
    place = Place.EMAIL_SIGN_IN
    return _mail_page(place, form, goal, (), status=status, problems=problems, wait=wait)


def mailed_code_page(
    *,
    goal: Goal,
    status: int = 200,
    problems: Sequence[Violation] = (),
    wait: int | None = None,
) -> Response:
    """Return the page that takes the mailed code; it says the same for every address (EN-1)."""
    again = [(with_query(Place.EMAIL_SIGN_IN, goal.fields), ENGLISH.mail_again)]
    place = Place.MAILED_CODE
    return _mail_page(place, {}, goal, again, status=status, problems=problems, wait=wait)


def _mail_page(
    place: Place, form: Form, goal: Goal, links: Sequence[tuple[str, str]], **how: Any
) -> Response:
    other = (with_query(Place.SIGN_IN, goal.fields), ENGLISH.by_other_ways)
    links = [*links, other]
    return asking_page("by-mail.html", place, form, hidden=goal.fields, links=links, **how)


def prove_page(
    place: Place,
    *,
    methods: Sequence[str],
    hidden: Mapping[str, str],
    options: Options | None = None,
    is_signed_in: bool = False,
    may_remember: bool = False,
    status: int = 200,
    problems: Sequence[Violation] = (),
    wait: int | None = None,
) -> Response:
    """Return the page that takes any one of these proofs, the best one first."""
    problems = in_words(problems, ENGLISH.reasons)
    proofs = [
        {
            "text": ENGLISH.proofs[kind],
            "field": shown_field(
                PROOFS[kind],
                label=ENGLISH.proofs[kind].field.label,
                hint=ENGLISH.proofs[kind].field.hint,
                value="",
                problems=problems,
            ),
        }
        for kind in methods
        if kind in PROOFS
    ]
    labels = {PROOFS[kind].name: ENGLISH.proofs[kind].field for kind in methods if kind in PROOFS}
    return plain_page(
        "prove.html",
        status,
        title=ENGLISH.pages[place].title,
        text=ENGLISH.pages[place],
        action=place.value,
        hidden=hidden,
        proofs=proofs,
        labels=labels,
        has_script="passkey" in methods and options is not None,
        options=as_json(options) if "passkey" in methods and options is not None else None,
        problems=problems,
        is_signed_in=is_signed_in,
        may_remember=may_remember,
        wait=wait,
    )


def mailed_sign_in_page(token: str) -> Response:
    """Return the page whose button signs in with a mailed link."""
    place = Place.MAILED_SIGN_IN
    return button_page(ENGLISH.pages[place], place, {TOKEN: token})
