"""What each page behind a mailed link asks for, and how its form is read."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Final
from urllib.parse import parse_qsl

from domain.errors import Violation
from entrypoints.http.edge.parameters import NAME_INPUT, PASSWORD_INPUT

TOKEN: Final = "token"  # noqa: S105 - the name of a field
REPEATED: Final = "repeated_password"


class Flow(StrEnum):
    """One page; the value is the last part of its path."""

    VERIFY_EMAIL = "verify-email"
    RESET_PASSWORD = "reset-password"  # noqa: S105 - a path
    CONFIRM_EMAIL_CHANGE = "confirm-email-change"
    ACCEPT_INVITATION = "accept-invitation"
    UNDO_FACTOR = "undo-factor"


@dataclass(frozen=True, slots=True)
class Field:
    """Something to fill in.

    ``mode`` is the keyboard that a phone shows; ``as_is``: it is no word of any language.
    """

    name: str
    kind: str
    autocomplete: str
    longest: int
    required: bool = True
    mode: str = ""
    as_is: bool = False


FIELDS: Final[Mapping[Flow, tuple[Field, ...]]] = {
    Flow.VERIFY_EMAIL: (),
    Flow.RESET_PASSWORD: (
        Field("new_password", "password", "new-password", PASSWORD_INPUT),
        Field(REPEATED, "password", "new-password", PASSWORD_INPUT),
    ),
    Flow.CONFIRM_EMAIL_CHANGE: (),
    Flow.UNDO_FACTOR: (),
    Flow.ACCEPT_INVITATION: (
        Field("display_name", "text", "name", NAME_INPUT, required=False),
        Field("password", "password", "new-password", PASSWORD_INPUT),
        Field(REPEATED, "password", "new-password", PASSWORD_INPUT),
    ),
}

type Form = Mapping[str, str]
"""What was sent: every field of the flow, empty where it was left out."""


def read_form(flow: Flow, body: bytes) -> Form | None:
    """Return what was sent, or None for what no form of ours sends: another field, one twice."""
    return read_fields([TOKEN, *(field.name for field in FIELDS[flow])], body)


def read_fields(expected: Sequence[str], body: bytes) -> Form | None:
    """Return what was sent for each of these fields, or None for a form that is not ours."""
    try:
        sent = parse_qsl(
            body.decode(), keep_blank_values=True, errors="strict", max_num_fields=len(expected)
        )
    except ValueError:
        return None
    form = dict(sent)
    if len(form) != len(sent) or not form.keys() <= set(expected):
        return None
    return {name: form.get(name, "") for name in expected}


def problems_in(flow: Flow, form: Form) -> list[Violation]:
    """Return what can be seen without spending anything: a gap, or two passwords that differ.

    Nothing is looked at that is longer than what JSON may hold in the same field (IN-2).
    """
    fields = FIELDS[flow]
    found = gaps_in(fields, form)
    passwords = {form[field.name] for field in fields if field.kind == "password"}
    if not found and len(passwords) > 1:
        found.append(Violation(REPEATED, "DIFFERENT", "The two passwords differ."))
    return found


def gaps_in(fields: Sequence[Field], form: Form) -> list[Violation]:
    """Return which fields are empty and must not be, and which hold more than they may."""
    found = [
        Violation(field.name, "MISSING", "This field is required.")
        for field in fields
        if field.required and not form[field.name]
    ]
    found += [
        Violation(field.name, "TOO_LONG", f"Use at most {field.longest} characters.")
        for field in fields
        if len(form[field.name]) > field.longest
    ]
    return found
