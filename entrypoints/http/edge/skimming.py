"""The rest of a head that cannot be read, looked through for its refusal (HD-2, IN-2)."""

import re
from collections.abc import Iterable
from typing import Final

import httptools
from httptools.parser.url_parser import URL

MAX_SKIMMED_BYTES: Final = 2 * 1024 * 1024
"""As long as the longest address that a browser sends."""

_SEEN_IN_A_REFUSAL: Final = frozenset({b"accept", b"origin", b"x-request-id"})
_FIELD: Final = re.compile(
    rb"\n(" + b"|".join(sorted(_SEEN_IN_A_REFUSAL)) + rb"):([^\r\n]*)\r?(?=\n)", re.IGNORECASE
)
_END: Final = re.compile(rb"\n\r?\n")
_LIKE_HTTP: Final = re.compile(rb"[!-~]{1,32} (?:[^\n]* HTTP/[0-9]\.[0-9]\r?\n|[^\n]*\Z)")
_REQUEST_LINE: Final = re.compile(
    rb"([A-Za-z0-9!#$%&'*+.^_`|~-]{1,32}) (/[\x21-\x7e]*) HTTP/1\.[01]\r\n"
)
_LONGEST_LINE: Final = 4096
_MOST_FIELDS: Final = 16


class RestOfHead:
    """Takes what is left of a head; keeps a few fields, and the line that is not over yet.

    ``asked`` is what the head asks for, if that can be understood.
    """

    asked: tuple[str, URL] | None = None

    def __init__(self, read: Iterable[tuple[bytes, bytes]] | None = None) -> None:
        """Take the headers that were read before; None if the first bytes are still to come."""
        self._is_new = read is None
        self._line = b"" if self._is_new else b"\n"
        self._is_first = True
        self._left = MAX_SKIMMED_BYTES
        self.fields = [field for field in read or () if field[0] in _SEEN_IN_A_REFUSAL]

    def is_understood_from(self, data: bytes) -> None:
        """Take what the request line asks for, whose method is one that no server knows."""
        if line := _REQUEST_LINE.match(data):
            try:
                self.asked = line[1].decode(), httptools.parse_url(line[2])
            except httptools.HttpParserInvalidURLError:
                pass

    def is_over_with(self, data: bytes) -> bool:
        """Look through these bytes; tell whether there is nothing more to be waited for.

        That is so when the head ends, is too long, or does not begin as HTTP does.
        """
        is_like_http = True
        if self._is_first:
            self._is_first = False
            # An empty line may stand before a request; and a line may be cut in its end.
            data = data.lstrip(b"\r\n") if self._is_new else data.removeprefix(b"\n")
            is_like_http = not self._is_new or _LIKE_HTTP.match(data) is not None
        self._left -= len(data)
        text = self._line + data
        end = _END.search(text)
        for name, value in _FIELD.findall(text, 0, end.end() if end else len(text)):
            if len(self.fields) < _MOST_FIELDS:
                self.fields.append((name.lower(), value.strip(b" \t")))
        last = text.rfind(b"\n")
        line = text[last:] if last >= 0 else b""
        self._line = line if len(line) <= _LONGEST_LINE else b""
        return end is not None or self._left <= 0 or not is_like_http
