"""Schemas in the form that generators of clients agree on.

``docs/decisions/0034-a-description-for-generators.md`` says which form, and why.
"""

import re
from collections.abc import Iterator
from typing import Any, Final

import orjson

type Schema = dict[str, Any]

REFERENCE: Final = "#/components/schemas/"
_WRAPPED: Final = re.compile(r"(List)?Envelope_(list_)?(\w+?)_+")


def simplify_operation(operation: dict[str, Any], schemas: dict[str, Schema]) -> None:
    """Put the schemas of parameters, body and answers in that form, in place."""
    for parameter in operation.get("parameters", []):
        # There is no null in a query or a header: what can be left out is left out.
        schema = _without_null(simplified(parameter["schema"], schemas))
        described = schema.pop("description", None)
        if described and "description" not in parameter:
            parameter["description"] = described
        parameter["schema"] = schema
    body = operation.get("requestBody")
    if body is not None:
        for content in body["content"].values():
            content["schema"] = _without_null(simplified(content["schema"], schemas))
    for answer in operation["responses"].values():
        for content in answer.get("content", {}).values():
            content["schema"] = simplified(content.get("schema", {"type": "string"}), schemas)


def simplified(schema: Schema, schemas: dict[str, Schema]) -> Schema:
    """Return the schema as generators agree to read it.

    Only objects keep a name of their own: a named string is a class in one language and a broken
    reference in another. ``anyOf`` with null becomes ``type: […, "null"]``. No title is kept: some
    name classes after it.
    """
    reference = schema.get("$ref")
    if reference is not None:
        target = schemas[reference.removeprefix(REFERENCE)]
        if target.get("type") == "object":
            return {"$ref": reference}
        schema = {**target, **{name: each for name, each in schema.items() if name != "$ref"}}
    made = {name: each for name, each in schema.items() if name != "title"}
    for name in ("anyOf", "oneOf", "allOf", "prefixItems"):
        if name in made:
            made[name] = [simplified(each, schemas) for each in made[name]]
    for name in ("items", "additionalProperties"):
        if isinstance(made.get(name), dict):
            made[name] = simplified(made[name], schemas)
    if "properties" in made:
        made["properties"] = {
            name: _without_default(simplified(each, schemas))
            for name, each in made["properties"].items()
        }
    return _nullable(made)


def _nullable(schema: Schema) -> Schema:
    """Return ``anyOf: [X, null]`` as X that may be null, where X is no reference."""
    choices = schema.get("anyOf", [])
    others = [each for each in choices if each != {"type": "null"}]
    if len(choices) != 2 or len(others) != 1 or not isinstance(others[0].get("type"), str):
        return schema
    made = {**others[0], **{name: each for name, each in schema.items() if name != "anyOf"}}
    made["type"] = [others[0]["type"], "null"]
    if "enum" in made:
        made["enum"] = [*made["enum"], None]
    return made


def _without_null(schema: Schema) -> Schema:
    choices = [each for each in schema.get("anyOf", []) if each != {"type": "null"}]
    if len(choices) == 1:
        rest = {name: each for name, each in schema.items() if name != "anyOf"}
        return {**choices[0], **({} if "$ref" in choices[0] else rest)}
    if isinstance(schema.get("type"), list):
        (kind,) = (each for each in schema["type"] if each != "null")
        schema = {**schema, "type": kind}
        if "enum" in schema:
            schema["enum"] = [each for each in schema["enum"] if each is not None]
    return schema


def _without_default(schema: Schema) -> Schema:
    """Return the property with its default in words.

    Some generators take a default for a promise that the field is always there.
    """
    if "default" not in schema:
        return schema
    made = {name: each for name, each in schema.items() if name != "default"}
    default = schema["default"]
    text = default if isinstance(default, str) else orjson.dumps(default).decode()
    words = f"`{text}` if left out."
    made["description"] = f"{made['description']} {words}" if "description" in made else words
    made.setdefault("examples", [default])
    return made


def tidied(document: dict[str, Any]) -> dict[str, Any]:
    """Return the document without schemas that nothing refers to, and with names for clients.

    A class in Python is called ``UserOut`` because the domain has a ``User``; clients have one.
    """
    schemas: dict[str, Schema] = document["components"]["schemas"]
    used, waiting = set[str](), [*_references(document["paths"])]
    while waiting:
        name = waiting.pop()
        if name not in used:
            used.add(name)
            waiting += _references(schemas[name])
    names = {name: name for name in schemas if name in used}
    for name in names:
        shorter = _client_name(name)
        if shorter not in names and shorter not in names.values():
            names[name] = shorter
    document["components"]["schemas"] = {names[name]: schemas[name] for name in sorted(names)}

    def renamed(value: Any) -> Any:
        if isinstance(value, dict):
            return {
                name: REFERENCE + names[each.removeprefix(REFERENCE)]
                if name == "$ref" and isinstance(each, str) and each.startswith(REFERENCE)
                else renamed(each)
                for name, each in value.items()
            }
        return [renamed(each) for each in value] if isinstance(value, list) else value

    made: dict[str, Any] = renamed(document)
    return made


def _client_name(name: str) -> str:
    """Return ``UserListAnswer`` for ``ListEnvelope_UserOut_``, ``User`` for ``UserOut``."""
    wrapped = _WRAPPED.fullmatch(name)
    if wrapped is None:
        return name.removesuffix("Out")
    envelope, plural, inner = wrapped.groups()
    return f"{inner.removesuffix('Out')}{'s' if plural else ''}{envelope or ''}Answer"


def _references(value: Any) -> Iterator[str]:
    if isinstance(value, dict):
        for name, each in value.items():
            if name == "$ref" and isinstance(each, str) and each.startswith(REFERENCE):
                yield each.removeprefix(REFERENCE)
            else:
                yield from _references(each)
    elif isinstance(value, list):
        for each in value:
            yield from _references(each)
