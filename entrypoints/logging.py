"""One log, one record a line, and nothing in it that opens a door (LG-1, LG-2).

Everything ends in one pipeline: what Doorward says through structlog, and what libraries say
through the standard library. Values are made harmless twice. Secrets are taken out by the name
of their key and by the look of the text. Characters that could end the line, move the cursor or
turn the writing direction come out escaped, in JSON and on a terminal alike.
"""

import json
import logging
import re
import sys
import time
import traceback
from collections.abc import Iterator, Mapping, MutableMapping
from contextlib import contextmanager
from contextvars import ContextVar
from datetime import UTC, datetime
from functools import lru_cache
from types import TracebackType
from typing import Any, ClassVar, Final, Literal, cast

import orjson


@contextmanager
def _without(module: str) -> Iterator[None]:
    """Have the module taken for missing by what is imported in the block and can do without."""
    if module in sys.modules:
        yield
        return
    sys.modules[module] = None  # type: ignore[assignment] # an ImportError, by the language's word
    try:
        yield
    finally:
        del sys.modules[module]


# For consoles of its own, structlog loads all of rich, which takes five times as long as the rest
# of it. Here lines are written below.
with _without("rich"):
    import structlog

type EventDict = MutableMapping[str, Any]
type ExcInfo = tuple[type[BaseException], BaseException, TracebackType | None]

request_id: ContextVar[str | None] = ContextVar("request_id", default=None)
"""The request that is being served; stands in every record until it is answered."""

_of_this_process: Final[dict[str, int]] = {}
"""What stands in every record of this process."""

REDACTED: Final = "[redacted]"
_LONGEST_TEXT: Final = 16 * 1024
_DEEPEST: Final = 6
# What a library says at debug may hold statements, addresses and headers: never below these.
_FLOORS: Final = {
    "aiosqlite": logging.WARNING,
    "aiosmtplib": logging.WARNING,
    "alembic": logging.WARNING,
    "asyncio": logging.INFO,
    "asyncpg": logging.WARNING,
    "sqlalchemy": logging.WARNING,
    "uvicorn": logging.INFO,
    "uvicorn.access": logging.CRITICAL,  # the one line per request is our own
}


def get_logger(name: str) -> structlog.typing.FilteringBoundLogger:
    """Return what the module of this name logs with: ``log.info("event", fact=value)``."""
    logger: structlog.typing.FilteringBoundLogger = structlog.get_logger(name)
    return logger


# "format" hides a builtin that nothing here uses, and is what LOG_FORMAT is called.
def configure_logging(
    level: str,
    format: Literal["json", "console"],  # noqa: A002
    *,
    beside: bool = False,
) -> None:
    """Send every record from ``level`` up to standard output, in this form.

    ``beside`` sends it to standard error, for a command that has an answer to write.
    """
    _Sink.beside = beside
    threshold = logging.getLevelNamesMapping()[level.upper()]
    _configure_structlog(threshold, format, keep=True)
    root = logging.getLogger()
    root.handlers = [_IntoStructlog()]
    root.setLevel(threshold)
    for name, floor in _FLOORS.items():
        logger = logging.getLogger(name)
        logger.handlers = []
        logger.propagate = True
        logger.setLevel(max(threshold, floor))
    logging.captureWarnings(capture=True)


def name_process(number: int) -> None:
    """Have every record of this process, one of several, say which one it is."""
    _of_this_process["process"] = number


def _configure_structlog(threshold: int, form: Literal["json", "console"], *, keep: bool) -> None:
    structlog.configure(
        processors=[
            structlog.contextvars.merge_contextvars,
            _add_exception,
            redact,
            _add_origin,
            _render_json if form == "json" else _render_console,
        ],
        wrapper_class=structlog.make_filtering_bound_logger(threshold),
        logger_factory=_Sink,
        cache_logger_on_first_use=keep,
    )


class _Sink:
    """The end of the pipeline: whole lines of bytes to a standard stream, found anew each time.

    A sink that fails takes nothing down (LG-4): there is nowhere left to complain to.
    """

    __slots__ = ("name",)

    beside: ClassVar[bool] = False

    def __init__(self, name: str | None = None) -> None:
        self.name = name

    def msg(self, line: bytes) -> None:
        try:
            stream = sys.stderr if self.beside else sys.stdout
            stream.buffer.write(line)
            stream.flush()
        except (OSError, ValueError, AttributeError):
            return

    debug = info = warning = error = critical = log = msg


class _IntoStructlog(logging.Handler):
    """Takes the standard library's records over."""

    def emit(self, record: logging.LogRecord) -> None:
        try:
            text = record.getMessage()
        except Exception:  # a message that does not fit its arguments is still worth having
            text = str(record.msg)
        level = min(max(record.levelno // 10 * 10, logging.DEBUG), logging.CRITICAL)
        structlog.get_logger(record.name).log(level, text, exc_info=record.exc_info)


def _add_origin(logger: "_Sink", method: str, event: EventDict) -> EventDict:
    # After redaction: these are our own words, and need none.
    if (current := request_id.get()) is not None:
        event["request_id"] = current
    if logger.name is not None:
        event["logger"] = logger.name
    event.update(_of_this_process)
    event["level"] = method
    event["timestamp"] = _timestamp()
    return event


def _timestamp() -> str:
    """Return the present in RFC 3339, to the millisecond."""
    seconds, nanoseconds = divmod(time.time_ns(), 1_000_000_000)
    return f"{_second(seconds)}.{nanoseconds // 1_000_000:03d}+00:00"


@lru_cache(maxsize=2)
def _second(seconds: int) -> str:
    return datetime.fromtimestamp(seconds, UTC).replace(tzinfo=None).isoformat()


def _add_exception(_logger: Any, _method: str, event: EventDict) -> EventDict:
    """Write the traceback, without the values of any variables."""
    if info := _exc_info(event.pop("exc_info", None)):
        event["exception"] = "".join(traceback.format_exception(*info, limit=-50)).rstrip()
    return event


def _exc_info(given: Any) -> ExcInfo | None:
    if isinstance(given, BaseException):
        return type(given), given, given.__traceback__
    if isinstance(given, tuple):
        return given if given[1] is not None else None
    kind, error, trace = sys.exc_info() if given else (None, None, None)
    return (kind, error, trace) if kind is not None and error is not None else None


# --- secrets -------------------------------------------------------------------------------------

_TELLING_NAMES: Final = (
    "api[_-]?key|authorization|cookie|credential|csrf|database[_-]url|dsn|link|passphrase|passwd|"
    "password|private[_-]key|pwd|secret|signature|smtp[_-]url|token"
)
_SECRET_KEY = re.compile(_TELLING_NAMES)
_SECRET_TEXT = re.compile(
    r"""
      dw[a-z]_[A-Za-z0-9_-]{8,}                                  # our own opaque tokens
    | eyJ[A-Za-z0-9_-]{5,}(?:\.[A-Za-z0-9_-]*){0,4}              # JWS and JWE
    | \$argon2[a-z]{0,2}\$[^\s'"]+                               # password hashes
    | -----BEGIN\ [A-Z ]+-----[\s\S]*?(?:-----END\ [A-Z ]+-----|\Z)
    | (?<=\[parameters:\ ).*                                     # SQLAlchemy's, if it shows them
    | (?<=input_value=).{0,400}?(?=,\ input_type=)               # pydantic's, who cuts it short
    """,
    re.VERBOSE,
)
# Who logs in where stands before the last @. Taken whole: looking ahead for the @ from each of
# many "://" would take quadratic time.
_ADDRESS = re.compile(r"""(?<=://)[^\s'"<>]+""")
_NAMED_SECRET = re.compile(
    rf"""
      (?P<name>(?:{_TELLING_NAMES})[A-Za-z0-9_-]{{0,40}}["']?\s{{0,4}}[=:]\s{{0,4}})
      (?!\[redacted\])
      (?:(?:Bearer|Basic)\s+)?
      (?:"(?:[^"\\]|\\.)*" | '(?:[^'\\]|\\.)*' | [^\s,;&)}}\]]+)
    """,
    re.VERBOSE | re.IGNORECASE,
)


def redact(_logger: Any, _method: str, event: EventDict) -> EventDict:
    """Take out everything that could be used, wherever in the event it is (LG-1)."""
    for key, value in event.items():
        event[key] = REDACTED if _is_secret(key) else _scrub(value, 0)
    return event


@lru_cache(maxsize=1024)
def _is_secret(key: str) -> bool:
    return _SECRET_KEY.search(key.lower()) is not None


def _scrub(value: Any, depth: int) -> Any:
    kind = type(value)
    if kind is str:
        return _scrub_text(value)
    if value is None or kind in (int, float, bool):
        return value
    if depth >= _DEEPEST:
        return "[too deep]"
    if isinstance(value, Mapping):
        return {
            str(key): REDACTED if _is_secret(str(key)) else _scrub(item, depth + 1)
            for key, item in value.items()
        }
    if isinstance(value, list | tuple | set | frozenset):
        return [_scrub(item, depth + 1) for item in value]
    # What has a text of its own making is shown with it; what has none could show its fields.
    if isinstance(value, bytes) or cast(object, kind.__str__) is object.__str__:
        return f"<{kind.__name__}>"
    return _scrub_text(str(value))


def _scrub_text(text: str) -> str:
    if len(text) > _LONGEST_TEXT:
        text = text[: _LONGEST_TEXT // 2] + " [cut] " + text[-_LONGEST_TEXT // 2 :]
    # One by one, since plain words cost a tenth of the pattern that begins with them.
    if (
        "dw" in text
        or "eyJ" in text
        or "$argon2" in text
        or "-----BEGIN" in text
        or "[parameters:" in text
        or "input_value=" in text
    ):
        text = _SECRET_TEXT.sub(REDACTED, text)
    if "://" in text:
        text = _ADDRESS.sub(_without_login, text)
    if "=" in text or ":" in text:
        text = _NAMED_SECRET.sub(rf"\g<name>{REDACTED}", text)
    return text


def _without_login(address: re.Match[str]) -> str:
    _login, at, host = address[0].rpartition("@")
    return f"{REDACTED}@{host}" if at else address[0]


# --- lines ---------------------------------------------------------------------------------------

# Delete, C1, soft hyphen, everything that is invisible, breaks a line or turns the direction.
_MISCHIEF = re.compile(
    "[\x7f-\x9f\xad\u061c\u180e\u200b-\u200f\u2028-\u202e\u2060-\u206f\ufeff\ufff9-\ufffb"
    "\U000e0000-\U000e007f]"
)
_COLOURS: Final = {
    "debug": "\x1b[2m",
    "info": "\x1b[32m",
    "warning": "\x1b[33m",
    "error": "\x1b[31m",
    "critical": "\x1b[31;1m",
}


def _json_bytes(value: Any) -> bytes:
    """Return the value as JSON in which no character can do harm, to a parser or to a terminal."""
    try:
        line = orjson.dumps(value)
    except TypeError:  # a lone surrogate, or a number beyond 64 bits
        return json.dumps(value, ensure_ascii=True, default=str).encode()
    if line.isascii() and b"\x7f" not in line:
        return line
    return _MISCHIEF.sub(_escaped, line.decode()).encode()


def _escaped(match: re.Match[str]) -> str:
    units = match[0].encode("utf-16-be")
    return "".join(f"\\u{units[i]:02x}{units[i + 1]:02x}" for i in range(0, len(units), 2))


def _render_json(_logger: Any, _method: str, event: EventDict) -> bytes:
    return _json_bytes(event) + b"\n"


def _render_console(_logger: Any, _method: str, event: EventDict) -> bytes:
    """Return the record for people: a line, and below it, indented, a traceback if there is one."""
    level, timestamp = event.pop("level"), event.pop("timestamp")
    text, trace = _bare(event.pop("event", "")), event.pop("exception", None)
    if (sys.stderr if _Sink.beside else sys.stdout).isatty():
        level_shown = f"{_COLOURS.get(level, '')}{level:<8}\x1b[0m"
    else:
        level_shown = f"{level:<8}"
    facts = " ".join(f"{_bare(key)}={_shown(value)}" for key, value in event.items())
    lines = [f"{timestamp[11:23]} {level_shown} {text}" + (f"  {facts}" if facts else "")]
    # The bar in front is how a line of a traceback is told from a record that it might imitate.
    lines += [f"    | {_bare(line)}" for line in trace.split("\n")] if trace else []
    return "\n".join([*lines, ""]).encode()


def _shown(value: Any) -> str:
    shown = _json_bytes(value).decode()
    plain = isinstance(value, str) and re.fullmatch(r"[\w./:@{}+-]+", shown[1:-1])
    return shown[1:-1] if plain else shown


def _bare(value: Any) -> str:
    """Return a text without quotes around it, harmless all the same."""
    return _json_bytes(str(value)).decode()[1:-1].replace('\\"', '"')


# structlog's own defaults show the values of local variables beside a traceback. They must not
# be in any log, not even where something is logged before, or without, configure_logging.
if not structlog.is_configured():
    _configure_structlog(logging.INFO, "console", keep=False)
