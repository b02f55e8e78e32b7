"""Conditional requests: change it only if it is still what the caller saw (RFC 9110, 13.1.1)."""

from collections.abc import Callable
from typing import Annotated

from fastapi import Header
from pydantic import WithJsonSchema

from application.expectations import Expected

type IfMatch = Annotated[
    list[str] | None,
    # Read as the lines that it came on; to a client it is one header with one value.
    WithJsonSchema({"type": "string", "examples": ['"5f0c6d0d3c8b4e1fa9d2f7b1c3e5a790"']}),
    Header(
        alias="If-Match",
        description="Change it only if its ETag is still one of these, or `*` for any.",
    ),
]


def expected[T](lines: list[str] | None, etag_of: Callable[[T], str]) -> Expected[T] | None:
    """Return what ``If-Match`` expects of the present state; None if anything will do.

    A weak validator never matches here: the comparison is the strong one.
    """
    if lines is None:
        return None
    if_match = ",".join(lines)  # one list, however many lines it stands on (RFC 9110, 5.3)
    if if_match.strip() == "*":
        return None
    etags = {etag.strip() for etag in if_match.split(",")}
    return lambda present: etag_of(present) in etags
