"""A user's export as JSON, written piece by piece: it may be long, and is never held as a whole."""

from collections.abc import AsyncIterator, Mapping, Sequence
from datetime import datetime
from typing import Any

import orjson

from application.accounts.export import AccountExport
from application.owned_data import OwnedData, Owner, Plain
from entrypoints.representations.formats import instant

_PIECE = 32 * 1024


async def export_json(export: AccountExport[Any]) -> AsyncIterator[bytes]:
    """Yield one JSON object, with a member for each section."""
    piece = b'{"exported_at":' + orjson.dumps(instant(export.exported_at))
    for section in export.sections:
        piece += b"," + orjson.dumps(section.section) + b":"
        async for part in _section(section, export.owner):
            piece += part
            if len(piece) >= _PIECE:
                yield piece
                piece = b""
    yield piece + b"}"


async def _section(section: OwnedData[Any], owner: Owner) -> AsyncIterator[bytes]:
    if not section.is_list:
        found = [orjson.dumps(_plain(record)) async for record in section.records(owner)]
        yield found[0] if found else b"null"
        return
    separator = b"["
    async for record in section.records(owner):
        yield separator + orjson.dumps(_plain(record))
        separator = b","
    yield b"[]" if separator == b"[" else b"]"


def _plain(value: Plain) -> Any:
    """Return the value with its times in RFC 3339."""
    if isinstance(value, datetime):
        return instant(value)
    if isinstance(value, Mapping):
        return {name: _plain(each) for name, each in value.items()}
    if isinstance(value, Sequence) and not isinstance(value, str):
        return [_plain(each) for each in value]
    return value
