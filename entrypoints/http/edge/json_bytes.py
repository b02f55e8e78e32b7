"""Whether bytes are JSON that means the same to every reader (RFC 8259, RFC 7493).

Refused although some parsers take it: a byte-order mark, UTF-16, duplicate keys, NaN and
Infinity, numbers beyond all use, NUL and lone surrogates (also escaped), and deep nesting. Each
of these has been a 500 or a different meaning on one of the two databases (F4).
"""

import json
import math
from codecs import BOM_UTF8
from typing import Any, Final, NoReturn

from entrypoints.http.edge.errors import MalformedRequest

MAX_DEPTH: Final = 20
_MAX_DIGITS: Final = 64


def read_json(body: bytes) -> Any:
    """Return what the bytes say if they are such JSON.

    Raises :class:`MalformedRequest` with the reason if not.
    """
    if body.startswith(BOM_UTF8):
        # Some parsers ignore it, as RFC 8259 lets them (8.1), and some do not.
        message = "The body begins with a byte-order mark. Send UTF-8 without one."
        raise _refusal("INVALID_JSON", message)
    try:
        text = body.decode()
    except UnicodeDecodeError:
        raise _refusal("INVALID_ENCODING", "The body is not UTF-8.") from None
    # Counting brackets is cheap and rarely finds many; only then is it worth a closer look.
    if body.count(b"[") + body.count(b"{") > MAX_DEPTH and _depth(body) > MAX_DEPTH:
        raise _refusal("TOO_DEEP", f"The body is nested more than {MAX_DEPTH} levels deep.")
    try:
        value = _decoder.decode(text)
    except (ValueError, RecursionError):
        raise _refusal("INVALID_JSON", "The body is no JSON.") from None
    # JSON's own syntax keeps a raw NUL out, so only an escape can bring one in.
    if b"\\u" in body and not _is_clean(value):
        raise _refusal("INVALID_CHARACTER", "NUL and lone surrogates cannot be used.")
    return value


def _refusal(code: str, message: str) -> MalformedRequest:
    return MalformedRequest.of("body", code, message)


def _object(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    members = dict(pairs)
    if len(members) != len(pairs):
        raise _refusal("DUPLICATE_KEY", "A key stands twice in one object.")
    return members


def _constant(_name: str) -> NoReturn:
    raise _refusal("INVALID_NUMBER", "NaN and Infinity are no JSON.")


def _integer(digits: str) -> int:
    if len(digits) > _MAX_DIGITS:
        raise _refusal("INVALID_NUMBER", "A number has too many digits.")
    return int(digits)


def _float(digits: str) -> float:
    number = float(digits) if len(digits) <= _MAX_DIGITS else math.inf
    if math.isinf(number):
        raise _refusal("INVALID_NUMBER", "A number is too large or too long.")
    return number


_decoder = json.JSONDecoder(
    object_pairs_hook=_object, parse_constant=_constant, parse_int=_integer, parse_float=_float
)


def _depth(body: bytes) -> int:
    """Return how deep brackets are nested outside of strings."""
    depth = deepest = 0
    in_string = escaped = False
    for byte in body:
        if in_string:
            if escaped:
                escaped = False
            elif byte == 0x5C:  # backslash
                escaped = True
            elif byte == 0x22:  # quote
                in_string = False
        elif byte == 0x22:
            in_string = True
        elif byte in b"[{":
            depth += 1
            deepest = max(deepest, depth)
        elif byte in b"]}":
            depth -= 1
    return deepest


def _is_clean(value: Any) -> bool:
    if isinstance(value, str):
        return "\0" not in value and not any("\ud800" <= c <= "\udfff" for c in value)
    if isinstance(value, dict):
        return all(_is_clean(key) and _is_clean(item) for key, item in value.items())
    return all(map(_is_clean, value)) if isinstance(value, list) else True
