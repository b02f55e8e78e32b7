"""The envelope of answers, as OpenAPI tells it."""

from collections.abc import Callable, Sequence
from typing import Annotated, Any

from pydantic import BaseModel, ConfigDict, Field, WithJsonSchema


class AnswerModel(BaseModel):
    """The shape of an answer, for OpenAPI alone: answers are bytes (``edge/answering``).

    Its schema is made when the description is asked for, and in most processes never.
    """

    model_config = ConfigDict(defer_build=True)


class Meta(AnswerModel):
    """What is not data."""

    request_id: str = Field(examples=["0b5e7d1c8f4a4a0f9f5b1c2d3e4f5061"])


def optional(*names: str) -> Callable[[dict[str, Any]], None]:
    """Return a ``json_schema_extra``: these fields may be missing, and are never null."""

    def describe(schema: dict[str, Any]) -> None:
        schema["required"] = [name for name in schema.get("required", []) if name not in names]
        if not schema["required"]:
            del schema["required"]

    return describe


class ListMeta(Meta):
    """The same for a list."""

    model_config = ConfigDict(json_schema_extra=optional("count"))

    next_cursor: str | None = Field(description="Null on the last page.")
    limit: int = Field(examples=[50])
    count: int = Field(examples=[3], description="Of all pages; only with `count=true`.")


class Envelope[T](AnswerModel):
    """A successful answer."""

    data: T
    meta: Meta


class ListEnvelope[T](AnswerModel):
    """A successful answer with a page of a list."""

    data: list[T]
    meta: ListMeta


type Accepted = Annotated[
    None,
    # Generators make nothing usable of a type that is null and nothing else.
    WithJsonSchema(
        {
            "type": ["object", "null"],
            "additionalProperties": False,
            "description": "Always null: what was asked for goes on behind the answer.",
        }
    ),
]


def either(
    first: Sequence[str], second: Sequence[str], *, others: Sequence[str] = ()
) -> Callable[[dict[str, Any]], None]:
    """Return a ``json_schema_extra``: a model has all of the first fields, or all of the second.

    ``others`` may stand beside the first.

    So that an answer of two shapes is one object with optional fields, and no union that a
    generated client could not tell apart: there is no field to discriminate by.
    """

    def describe(schema: dict[str, Any]) -> None:
        optional(*first, *second, *others)(schema)
        # Each with its properties, or linters take a required name for a mistyped one.
        schema["if"] = {"properties": dict.fromkeys(second, True), "required": list(second)}
        schema["then"] = {"properties": dict.fromkeys((*first, *others), False)}
        schema["else"] = {"properties": dict.fromkeys(first, True), "required": list(first)}

    return describe
