import errno
import json
import logging
import re
import sys
import time
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any, Literal

import pytest
import structlog
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from pydantic import BaseModel, SecretStr, ValidationError

from adapters.network.failures import Server, failure_of
from adapters.smtp import failures as smtp
from adapters.sqlalchemy import causes
from entrypoints.logging import configure_logging, redact, request_id
from entrypoints.settings.secret_key import KeptKey, wrong_secret_key
from tests.support.logging_state import logging_as_before

FORMATS: list[Literal["json", "console"]] = ["json", "console"]
JWT = "eyJhbGciOiJFZERTQSJ9.eyJzdWIiOiIxIn0.c2lnbmF0dXJl"
SECRETS = [
    "dwr_" + "Ab3-_" * 18 + "x",
    "dwm_" + "Ab3-_" * 8 + "xyz",
    JWT,
    "$argon2id$v=19$m=65536,t=3,p=1$c2FsdHNhbHQ$aGFzaGhhc2g",
    "-----BEGIN PRIVATE KEY-----\nMC4CAQAwBQYDK2VwBCIEIA\n-----END PRIVATE KEY-----",
]


@pytest.fixture(autouse=True)
def _as_it_was() -> Iterator[None]:
    """
    Logging belongs to the whole process; the next test finds it as this one did.
    """
    with logging_as_before():
        yield


@pytest.fixture
def output(capfdbinary: pytest.CaptureFixture[bytes]) -> Callable[[], bytes]:
    """
    Returns what was written to standard output since the last call.
    """

    def read() -> bytes:
        sys.stdout.flush()
        return capfdbinary.readouterr().out

    return read


@pytest.fixture
def lines(output: Callable[[], bytes]) -> Callable[[], list[dict[str, Any]]]:
    """
    Returns the JSON records written since the last call.
    """
    return lambda: [json.loads(line) for line in output().splitlines()]


def test_a_record_is_one_object(lines: Callable[[], list[dict[str, Any]]]) -> None:
    """
    LG-2
    """
    configure_logging("info", "json")
    structlog.get_logger("doorward.test").info("hello", number=1, nested={"a": [1, None]})
    structlog.get_logger().debug("not this")
    (record,) = lines()
    assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}\+00:00", record.pop("timestamp"))
    assert record == {
        "event": "hello",
        "number": 1,
        "nested": {"a": [1, None]},
        "level": "info",
        "logger": "doorward.test",
    }


def test_the_request_is_named_in_every_record(lines: Callable[[], list[dict[str, Any]]]) -> None:
    configure_logging("info", "json")
    token = request_id.set("abc")
    try:
        structlog.get_logger().info("ours")
        logging.getLogger("uvicorn.error").info("theirs")
    finally:
        request_id.reset(token)
    structlog.get_logger().info("after")
    assert [record.get("request_id") for record in lines()] == ["abc", "abc", None]


def test_libraries_go_the_same_way(lines: Callable[[], list[dict[str, Any]]]) -> None:
    """
    LG-1: statements, with their parameters, are never logged, whatever level is asked for.
    """
    configure_logging("debug", "json")
    logging.getLogger("uvicorn.error").info("started %s", "x")
    logging.getLogger("uvicorn.access").info("GET /?token=1")
    logging.getLogger("sqlalchemy.engine").info("SELECT")
    logging.getLogger("alembic.runtime").warning("odd %d", "no number")
    logging.getLogger("some").log(35, "between")
    records = lines()
    assert [(record["event"], record["level"]) for record in records] == [
        ("started x", "info"),
        ("odd %d", "warning"),
        ("between", "warning"),
    ]


def test_a_sink_that_fails_takes_nothing_down(monkeypatch: pytest.MonkeyPatch) -> None:
    """
    LG-4
    """
    configure_logging("info", "json")

    class Full:
        @property
        def buffer(self) -> None:
            raise OSError("no space left on device")

    monkeypatch.setattr(sys, "stdout", Full())
    structlog.get_logger().info("lost")


# --- LG-1 ----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "key",
    [
        "password",
        "new_password",
        "current_password",
        "token",
        "access_token",
        "refresh_token",
        "Authorization",
        "Set-Cookie",
        "csrf_token",
        "secret_key",
        "client_secret",
        "DATABASE_URL",
        "smtp_url",
        "dsn",
        "link",
        "private_key",
        "X-API-Key",
    ],
)
def test_secrets_are_known_by_their_name(key: str) -> None:
    """
    LG-1
    """
    for event in ({key: "hunter2"}, {"a": {key: "hunter2"}}, {"a": [{"b": {key: ["hunter2"]}}]}):
        assert "hunter2" not in str(redact(None, "info", event))
    for text in (f"{key}=hunter2 x", f'{{"{key}": "hunter2"}}', f"{{'{key}': 'hunter2'}}"):
        assert "hunter2" not in str(redact(None, "info", {"event": text}))


@pytest.mark.parametrize("form", FORMATS)
@pytest.mark.parametrize("secret", SECRETS, ids=["refresh", "mailed", "jwt", "hash", "pem"])
def test_secrets_are_known_by_their_look(
    form: Literal["json", "console"], secret: str, output: Callable[[], bytes]
) -> None:
    """
    LG-1: wherever they got to, a traceback included.
    """
    configure_logging("debug", form)
    log = structlog.get_logger()
    log.info(f"before {secret} after")  # noqa: G004  # the text itself holds it
    log.info("x", value=secret, nested=[{"a": ("b", secret)}], set={secret})
    log.info("x", a=f"https://id.example.com/verify-email?token={secret}")
    logging.getLogger("some").warning("text %s", secret)
    try:
        raise ValueError(f"cannot read {secret}")
    except ValueError:
        log.exception("failed")
        logging.getLogger("some").exception("failed")
    shown = output().decode()
    assert shown.count("redacted") >= 7
    for part in secret.split("\n"):
        assert part in "-----BEGIN PRIVATE KEY----------END PRIVATE KEY-----" or part not in shown


def test_addresses_lose_who_logs_in() -> None:
    """
    LG-1
    """
    for address in (
        "postgresql+asyncpg://doorward:hunter2@db:5432/doorward",
        "smtp://me@example.com:hunter2@mail:25",
        "postgresql://u:hun/hunter2@h/d",
    ):
        shown = redact(None, "info", {"event": f"cannot reach {address}!"})["event"]
        assert "hunter2" not in shown
        assert shown.startswith("cannot reach ")
        assert "@" in shown


def test_a_crash_shows_no_values(output: Callable[[], bytes]) -> None:
    """
    LG-1: no local variables, no parameters of a statement, no input of a model.
    """
    configure_logging("debug", "json")

    class Body(BaseModel):
        number: int

    def fail(secret: str) -> None:
        try:
            Body(number=secret)  # type: ignore[arg-type]
        except ValidationError as failure:
            raise RuntimeError(
                "(x) failed\n[SQL: SELECT $1]\n[parameters: ('hunter2',)]"
            ) from failure

    value = "hunter" + "2"
    try:
        fail(value)
    except RuntimeError:
        structlog.get_logger().exception("failed", body=SecretStr(value), raw=b"hunter2")
    shown = output().decode()
    assert "hunter2" not in shown
    assert "RuntimeError" in shown


def test_objects_show_no_fields() -> None:
    """
    LG-1: only what has a text of its own is shown with it.
    """

    class Credential:
        def __repr__(self) -> str:
            return "Credential('hunter2')"

    event = redact(None, "info", {"a": Credential(), "b": [Credential], "c": {1: Credential()}})
    assert event["a"] == "<Credential>"
    assert "hunter2" not in str(event)


def test_what_is_no_secret_stays() -> None:
    event = {
        "event": "request",
        "path": "/api/v1/users/{user_id}",
        "status": 200,
        "client": "2001:db8::1",
        "user_id": "0190c1e4-aaaa-7bbb-8ccc-0123456789ab",
        "code": "USER_NOT_FOUND",
    }
    assert redact(None, "info", dict(event)) == event


def test_long_and_deep_values_are_cut() -> None:
    deep: Any = "x"
    for _ in range(50):
        deep = [deep]
    event = redact(None, "info", {"long": "a" * 10**6, "deep": deep})
    assert len(event["long"]) < 20_000
    assert "[too deep]" in str(event["deep"])


@given(st.text(max_size=50), st.sampled_from(SECRETS[:3]), st.text(max_size=50))
def test_surroundings_hide_no_secret(before: str, secret: str, after: str) -> None:
    """
    LG-1
    """
    event = redact(None, "info", {"event": f"{before} {secret} {after}"})
    assert secret[8:] not in event["event"]


# --- LG-2 ----------------------------------------------------------------------------------------

NASTY = [
    "a\nb",
    "a\r\nb",
    "a\x1b[2J\x1b[31mb",
    "a\x9b31mb",
    "a\x7fb",
    "a\x85b",
    "a\u2028b",
    "a\u2029b",
    "a\u202eb",
    "a\u2066b",
    "a\u200fb",
    "a\ufeffb",
    "a\U000e0041b",
    "a\ud800b",
    "a\x00b",
    'a"} {"event":"forged"b',
]
HARMFUL = re.compile(
    "[\x00-\x09\x0b-\x1f\x7f-\x9f\u061c\u200b-\u200f\u2028-\u202e\u2066-\u2069\ufeff]"
)


@pytest.mark.parametrize("form", FORMATS)
@pytest.mark.parametrize("nasty", NASTY)
def test_no_value_starts_a_record_or_moves_the_cursor(
    form: Literal["json", "console"], nasty: str, output: Callable[[], bytes]
) -> None:
    """
    LG-2
    """
    configure_logging("info", form)
    log = structlog.get_logger()
    for write in (
        lambda: log.info(nasty),
        lambda: log.info("x", value=nasty),
        lambda: log.info("x", nested={"a": [nasty]}),
        lambda: log.info("x", **{nasty: 1}),
        lambda: logging.getLogger("some").warning(nasty),
    ):
        write()
        shown = output().decode()
        assert shown.count("\n") == 1
        assert shown.endswith("\n")
        assert not HARMFUL.search(shown)
        if form == "json":
            assert "a" in str(json.loads(shown))


@pytest.mark.parametrize("form", FORMATS)
def test_an_exception_cannot_imitate_a_record(
    form: Literal["json", "console"], output: Callable[[], bytes]
) -> None:
    """
    LG-2: on a terminal every line of a traceback is marked as one.
    """
    configure_logging("info", form)
    try:
        raise ValueError('x\n12:00:00.000 info     forged\n{"event": "forged"}\r\x1b[1A')
    except ValueError:
        structlog.get_logger().exception("failed")
    first, *others = output().decode().splitlines()
    assert "failed" in first
    assert all(line.startswith("    | ") for line in others)
    assert bool(others) is (form == "console")
    assert not HARMFUL.search("".join([first, *others]))


def test_colours_are_for_terminals_only(
    monkeypatch: pytest.MonkeyPatch, output: Callable[[], bytes]
) -> None:
    configure_logging("info", "console")
    structlog.get_logger().info("plain", user="a b", path="/x")
    assert output().decode().endswith('info     plain  user="a b" path=/x\n')
    monkeypatch.setattr(sys.stdout, "isatty", lambda: True)
    structlog.get_logger().warning("coloured")
    assert b"\x1b[33mwarning" in output()


@given(value=st.text(), key=st.text(min_size=1))
@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=60)
def test_any_text_makes_one_line_that_can_be_read_again(
    value: str, key: str, output: Callable[[], bytes]
) -> None:
    """
    LG-2
    """
    configure_logging("info", "json")
    structlog.get_logger().info("x", nested={key: value})
    shown = output().decode()
    assert shown.count("\n") == 1
    assert not HARMFUL.search(shown)
    json.loads(shown)


@pytest.mark.parametrize(
    "unit",
    ["a", "password", "token_", "token=", 'token="', "token = ", "://", "input_value=", "dwm_",
     "eyJ.", "-----BEGIN ", "$argon2$", "[parameters: "],
)  # fmt: skip
@pytest.mark.parametrize("end", ["", "=", ":"])
def test_redaction_takes_time_in_proportion_to_the_text(unit: str, end: str) -> None:
    """
    LG-1, RL-5: 16 KiB that a stranger chose delay no request. Four times as long a text takes
    four times as long, with much room for a busy machine, and not sixteen.
    """

    def cost(length: int) -> float:
        text = (unit * length)[: length - 1] + end
        times = []
        for _ in range(5):
            begin = time.process_time()
            redact(None, "info", {"event": text})
            times.append(time.process_time() - begin)
        return min(times)

    assert cost(16 * 1024) < 10 * cost(4 * 1024) + 0.005


def test_only_the_login_of_an_address_is_taken_out() -> None:
    """
    LG-1: up to the last @, since a password may hold one.
    """
    for text, shown in {
        "postgresql://ada:p@ss/w@db:5432/x": "postgresql://[redacted]@db:5432/x",
        "see https://ada@one.example and https://two.example/@x": (
            "see https://[redacted]@one.example and https://[redacted]@x"
        ),
        "https://id.example.com/path and ada@example.com": (
            "https://id.example.com/path and ada@example.com"
        ),
    }.items():
        assert redact(None, "info", {"event": text}) == {"event": shown}


def _advice() -> Iterator[str]:
    """All that the log tells of parts that cannot be used: what happened, and the cure."""
    for module, kind in ((causes, causes.Cause), (smtp, smtp._Cause)):
        for held in vars(module).values():
            for each in held.values() if isinstance(held, Mapping) else [held]:
                if isinstance(each, kind):
                    yield each.words
                    yield each.cure
    server = Server(part="database", setting="DATABASE_URL", trust="name it as sslrootcert")
    for number in (*errno.errorcode, None):
        told = failure_of(OSError(number, "x"), server)
        assert told is not None
        yield told.what_happened
        yield told.cure
    for kept in (None, KeptKey(Path("/var/secret_key"))):
        for has_previous in (False, True):
            wrong = wrong_secret_key(kept, has_previous=has_previous)
            yield wrong.what_happened
            yield wrong.cure


def test_our_own_advice_is_whole() -> None:
    """A cure of which half is taken out as a secret cures nothing."""
    advice = list(_advice())
    assert len(advice) > 150
    assert advice == [redact(None, "info", {"cure": each})["cure"] for each in advice]
