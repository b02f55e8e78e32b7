"""What a shell hands over on standard input."""

import codecs
from typing import BinaryIO, Final

_MARKS: Final = (
    (codecs.BOM_UTF8, "utf-8", 1),
    (codecs.BOM_UTF16_LE, "utf-16-le", 2),
    (codecs.BOM_UTF16_BE, "utf-16-be", 2),
)


def first_line(source: BinaryIO, *, encoding: str) -> str:
    """Return the first line without its end, whether that is LF, CRLF or none at all.

    A byte-order mark is no part of it: PowerShell writes one before what it pipes, in UTF-8 or in
    UTF-16 as it is set, and the mark says which. Without one, the bytes are read in ``encoding``.
    What is no text comes back as lone surrogates (PEP 383), which no rule of ours lets through.
    """
    raw = source.readline()
    for mark, name, width in _MARKS:
        if raw.startswith(mark):
            return _line(source, raw.removeprefix(mark), name, width)
    return raw.decode(encoding, "surrogateescape").rstrip("\r\n")


def _line(source: BinaryIO, raw: bytes, name: str, width: int) -> str:
    """Read on until the line ends: the byte of a line feed may also be half of a letter."""
    while True:
        raw += source.read(-len(raw) % width)
        try:
            text = raw.decode(name, "surrogatepass" if width > 1 else "surrogateescape")
        except UnicodeDecodeError:  # half a letter: no text
            return raw.decode("ascii", "surrogateescape") + "\udcff"
        line, end, _ = text.partition("\n")
        if end or not (more := source.readline()):
            return line.rstrip("\r")
        raw += more
