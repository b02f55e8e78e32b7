"""What can stand in a query or a body: sizes, forms, and how strictly they are read (IN-5)."""

from datetime import datetime
from typing import Annotated, Any

from fastapi import Path, Query
from pydantic import BeforeValidator, Field
from pydantic_core import PydanticCustomError

from entrypoints.representations.formats import NotRfc3339, moment_of

# Longer than any policy allows, so that the policy explains the refusal; short enough that
# no caller makes us count a megabyte.
PASSWORD_INPUT = 4096
EMAIL_INPUT = 320
NAME_INPUT = 400
TOKEN_INPUT = 512

type EmailInput = Annotated[
    str,
    Field(
        max_length=EMAIL_INPUT,
        examples=["ada@example.com"],
        description="One mailbox.",
        json_schema_extra={"format": "email"},
    ),
]
type PasswordInput = Annotated[
    str,
    Field(
        max_length=PASSWORD_INPUT,
        examples=["correct horse battery staple"],
        description="Any Unicode, spaces included; the length is counted in code points.",
        json_schema_extra={"format": "password"},
    ),
]
LEFT_OUT: Any = None
"""A default that is never given: what is left out stays out, and null is refused."""

type PresentPassword = Annotated[
    str,
    Field(
        max_length=PASSWORD_INPUT,
        examples=["correct horse battery staple"],
        description="The present password. It may be left out in a fresh session.",
        json_schema_extra={"format": "password"},
    ),
]
type TokenInput = Annotated[
    str,
    Field(
        max_length=TOKEN_INPUT,
        examples=["dwm_Zk3q0qk2nq8kYp1T5oQ7u4m2b1vX9sR6wE0yA3cD5fG"],
        description="The secret from the mailed link.",
    ),
]
type DisplayName = Annotated[
    str | None,
    Field(
        max_length=NAME_INPUT,
        examples=["Ada Lovelace"],
        description="Up to 100 characters; null or empty for none.",
    ),
]
type Instant = Annotated[
    str,
    Field(
        examples=["2026-11-21T09:30:00.123456Z"],
        description="RFC 3339, in UTC.",
        json_schema_extra={"format": "date-time"},
    ),
]
type Identifier = Annotated[
    str,
    Field(
        examples=["019aa5c2-7f3e-7c41-9b0a-2f6d1e8c4b5a"],
        description="A UUIDv7.",
        json_schema_extra={"format": "uuid"},
    ),
]

type Mailbox = Annotated[
    str, Field(examples=["ada@example.com"], json_schema_extra={"format": "email"})
]
type RoleInPath = Annotated[str, Path(description="The role's name.")]
type IdInPath = Annotated[
    str,
    Path(
        description="Its id. One that nothing has, and one that is none, are answered alike.",
        json_schema_extra={"format": "uuid"},
    ),
]

DEFAULT_PAGE = 50


def _plain_number(value: object) -> object:
    """Let digits through and nothing that merely can be read as a number (IN-5)."""
    if isinstance(value, str) and not (value.isascii() and value.isdigit() and value[0] != "0"):
        raise PydanticCustomError("WRONG_TYPE", "This is of another type than required.")
    return value


def _plain_flag(value: object) -> object:
    if isinstance(value, str) and value not in {"true", "false"}:
        raise PydanticCustomError("WRONG_TYPE", "Use true or false.")
    return value


def _moment(value: object) -> object:
    """Read RFC 3339 with a zone; anything else that could be taken for a time is refused."""
    return _read_moment(value, round_up=False)


def _moment_rounded_up(value: object) -> object:
    """Read a time that something has to be earlier than: no digit of it is lost."""
    return _read_moment(value, round_up=True)


def _read_moment(value: object, *, round_up: bool) -> object:
    if not isinstance(value, str):
        return value
    try:
        return moment_of(value, round_up=round_up)
    except NotRfc3339:
        message = "Use RFC 3339, such as 2026-11-21T09:30:00Z."
        raise PydanticCustomError("INVALID_FORMAT", message) from None
    except ValueError:
        raise PydanticCustomError("INVALID_FORMAT", "There is no such time.") from None


type Moment = Annotated[
    datetime | None,
    BeforeValidator(_moment),
    Field(examples=["2026-11-21T09:30:00Z"], description="RFC 3339, with its zone."),
]
type MomentBefore = Annotated[
    datetime | None,
    BeforeValidator(_moment_rounded_up),
    Field(examples=["2026-11-21T09:30:00Z"], description="RFC 3339, with its zone."),
]
type Flag = Annotated[bool, BeforeValidator(_plain_flag)]
type PageSize = Annotated[
    # The bounds stand before the validator: only there does pydantic know whose they are, and
    # describes them as `minimum` and `maximum`.
    int,
    Field(ge=1, le=200),
    BeforeValidator(_plain_number),
    Query(description="How many on a page."),
]
type PageCursor = Annotated[
    str | None, Query(max_length=1024, description="`next_cursor` of the page before.")
]
type CountToo = Annotated[Flag, Query(description="Also count all of them.")]
