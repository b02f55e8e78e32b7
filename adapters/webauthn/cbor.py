"""A strict reader of the little CBOR that authenticators write (RFC 8949).

It reads what CTAP 2.1 allows ("Message Encoding") and nothing else: shortest heads, definite
lengths, no tags, no duplicate keys. A general decoder builds dates, fractions, patterns and shared
values as well, and a few bytes that share values can be gigabytes when they are written out again.
Here time and memory are proportional to the input.
"""

DEEPEST = 8
"""Arrays and maps inside each other at most; attestation statements have five."""
_UNSIGNED, _NEGATIVE, _BYTES, _TEXT, _ARRAY, _MAP, _SIMPLE = 0, 1, 2, 3, 4, 5, 7
_SIMPLE_VALUES = {20: False, 21: True, 22: None}
_KEYS = {_UNSIGNED, _NEGATIVE, _TEXT}


class NotStrict(ValueError):
    """These are not the bytes of what an authenticator writes."""


def read_map(data: bytes) -> tuple[dict[object, object], int]:
    """Return the map that the bytes begin with, and its length; raise :class:`NotStrict`."""
    reader = _Reader(data)
    value = reader.item(DEEPEST)
    if not isinstance(value, dict):
        raise NotStrict
    return value, reader.place


class _Reader:
    def __init__(self, data: bytes) -> None:
        self._data, self.place = data, 0

    def item(self, depth: int) -> object:
        kind, number = self._head()
        if kind == _UNSIGNED:
            return number
        if kind == _NEGATIVE:
            return -1 - number
        if kind == _BYTES:
            return self._take(number)
        if kind == _TEXT:
            return self._text(number)
        if kind == _ARRAY and depth:
            return [self.item(depth - 1) for _ in range(number)]
        if kind == _MAP and depth:
            return self._map(number, depth - 1)
        if kind == _SIMPLE and number in _SIMPLE_VALUES:
            return _SIMPLE_VALUES[number]
        raise NotStrict

    def _text(self, size: int) -> str:
        try:
            return self._take(size).decode()
        except UnicodeDecodeError:
            raise NotStrict from None

    def _map(self, size: int, depth: int) -> dict[object, object]:
        found: dict[object, object] = {}
        for _ in range(size):
            # False and 0, or True and 1, would be one key to Python.
            if self._peek() >> 5 not in _KEYS:
                raise NotStrict
            key = self.item(0)
            if key in found:
                raise NotStrict
            found[key] = self.item(depth)
        return found

    def _head(self) -> tuple[int, int]:
        first = self._take(1)[0]
        kind, short = first >> 5, first & 0x1F
        if short < 24:
            return kind, short
        if short > 27 or kind == _SIMPLE:
            raise NotStrict
        width = 1 << (short - 24)
        number = int.from_bytes(self._take(width))
        if number < (24 if width == 1 else 1 << (4 * width)):
            raise NotStrict
        return kind, number

    def _peek(self) -> int:
        if self.place >= len(self._data):
            raise NotStrict
        return self._data[self.place]

    def _take(self, size: int) -> bytes:
        end = self.place + size
        if end > len(self._data):
            raise NotStrict
        taken, self.place = self._data[self.place : end], end
        return taken
