"""What the OAuth endpoints share: forms go in, and refusals have the shape of the RFCs."""

from collections.abc import Mapping, Sequence
from typing import Any, Final
from urllib.parse import parse_qsl

from fastapi import Request
from pydantic import ConfigDict

from entrypoints.http.edge.answers import AnswerModel
from entrypoints.http.edge.body import OPEN_FORM
from entrypoints.http.edge.errors import MalformedRequest
from entrypoints.http.edge.headers import headers

_MOST_PARAMETERS: Final = 50


class OAuthErrorOut(AnswerModel):
    """A refusal (RFC 6749, section 5.2)."""

    model_config = ConfigDict(json_schema_extra={"additionalProperties": False})

    error: str
    error_description: str


def form_of(request: Request) -> Mapping[str, str]:
    """Return the parameters that were sent with a value (RFC 6749, 3.2).

    Raises MalformedRequest for one that is sent twice, also for one that means nothing here. What
    is no UTF-8 is read as replacement characters, which no secret of ours has.
    """
    body: bytes = request.scope["state"].get(OPEN_FORM, b"")
    try:
        sent = parse_qsl(
            body.decode("ascii", "replace"),
            keep_blank_values=True,
            errors="replace",
            max_num_fields=_MOST_PARAMETERS,
        )
    except ValueError:
        raise MalformedRequest.of("body", "TOO_LONG", "There are too many parameters.") from None
    form = dict(sent)
    if len(form) != len(sent):
        message = "A parameter stands in the form twice."
        raise MalformedRequest.of("body", "DUPLICATE_KEY", message)
    return {name: value for name, value in form.items() if value}


def required(form: Mapping[str, str], name: str) -> str:
    """Return the parameter; raise MalformedRequest if it was not sent."""
    if name not in form:
        raise MalformedRequest.of(name, "MISSING", f"The parameter {name} is missing.")
    return form[name]


def form_body(members: Mapping[str, str], *, required: Sequence[str]) -> dict[str, Any]:
    """Return what OpenAPI says of a form with these parameters, each with an example."""
    schema = {
        "type": "object",
        "properties": {
            name: {"type": "string", "examples": [example]} for name, example in members.items()
        },
        "required": list(required),
    }
    content = {"application/x-www-form-urlencoded": {"schema": schema}}
    return {"requestBody": {"required": True, "content": content}}


def oauth_responses(**refusals: str) -> dict[int | str, dict[str, Any]]:
    """Return what a route's ``responses=`` declares: what each refusal means, by its status.

    Written ``s401="…"``.
    """
    declared: dict[int | str, dict[str, Any]] = {}
    for name, meaning in refusals.items():
        status = int(name.removeprefix("s"))
        declared[status] = {"model": OAuthErrorOut, "description": meaning}
        if status == 403:
            declared[status]["headers"] = headers("WWW-Authenticate")
    return declared
