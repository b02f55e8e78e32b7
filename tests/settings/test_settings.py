import multiprocessing
import os
import re
import stat
from collections.abc import Callable, Iterator
from concurrent.futures import ProcessPoolExecutor
from datetime import timedelta
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from adapters.wordlist.common_passwords import ListedCommonPasswords
from entrypoints.policies import policies
from entrypoints.settings import Settings, SettingsError, findings, load_settings, refusals
from entrypoints.settings.findings import weakness
from entrypoints.settings.processes import of_process
from entrypoints.settings.secret_key import KeptKey

type Load = Callable[..., Settings]

STRONG = "u5tPqGm1Zr8wXb0JfY7kCs2NvLhD9aQe4oTiRgEx"
PRODUCTION = {
    "environment": "production",
    "secret_key": STRONG,
    "public_url": "https://id.example.com",
    "database_url": "postgresql://doorward:hunter2@db/doorward",
    "smtp_url": "smtp://mail:25",
    "mail_from": "Doorward <no-reply@example.com>",
}


@pytest.fixture(autouse=True)
def _somewhere_else(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """
    No setting of the machine or the checkout gets into a test.
    """
    monkeypatch.chdir(tmp_path)
    for name in Settings.model_fields:
        monkeypatch.delenv(name.upper(), raising=False)


@pytest.fixture
def load(monkeypatch: pytest.MonkeyPatch) -> Load:
    """
    Loads the settings from an environment with these values.
    """

    def load(**values: str) -> Settings:
        for name, value in values.items():
            monkeypatch.setenv(name.upper(), value)
        return load_settings()

    return load


def problems_of(load: Load, **values: str) -> tuple[str, ...]:
    with pytest.raises(SettingsError) as refused:
        load(**values)
    assert refused.value.__cause__ is refused.value.__context__ is None
    return refused.value.problems


def test_it_runs_without_any_setting(load: Load) -> None:
    settings = load()
    assert (settings.environment, settings.host, settings.port) == (
        "development",
        "127.0.0.1",
        8000,
    )
    assert settings.public_url == settings.link_base_url == settings.token_audience
    assert settings.public_url == "http://127.0.0.1:8000"
    assert settings.database_url.get_secret_value() == "sqlite:///var/doorward.db"
    assert settings.log_format == "console"
    assert (settings.docs, settings.run_worker, settings.migrate_on_start) == (True, True, True)
    assert (settings.debug, settings.metrics) == (False, False)
    assert refusals(settings) == []


def test_production_switches_everything_extra_off(load: Load) -> None:
    """
    HD-4
    """
    settings = load(**PRODUCTION)
    assert (settings.docs, settings.run_worker, settings.migrate_on_start) == (False, False, False)
    assert (settings.debug, settings.metrics, settings.log_format) == (False, False, "json")
    assert {finding.level for finding in findings(settings)} == {"ok"}


@pytest.mark.parametrize(
    ("cores", "count", "shares"),
    [(2, 2, [1, 1]), (4, 2, [2, 2]), (5, 3, [2, 2, 1]), (1, 3, [1, 1, 1]), (8, 1, [8])],
)
def test_processes_divide_the_cores_and_the_queue(
    load: Load, monkeypatch: pytest.MonkeyPatch, cores: int, count: int, shares: list[int]
) -> None:
    """
    PW-2: all cores are used, and no more memory than by one process, but for one hash in each.
    """
    monkeypatch.setattr(os, "sched_getaffinity", lambda _: set(range(cores)), raising=False)
    whole = load()
    parts = [of_process(whole, number, count) for number in range(1, count + 1)]
    assert [each.hashing_concurrency for each in parts] == shares
    assert {each.hashing_queue for each in parts} == {64 // count}


def test_what_is_set_holds_for_each_process(load: Load) -> None:
    """
    As DATABASE_POOL_SIZE does; the key is the same for all, and one of them says that it was made.
    """
    whole = load(HASHING_CONCURRENCY="3", HASHING_QUEUE="5", MIGRATE_ON_START="true")
    whole.secret_key_bytes()
    first, second = (of_process(whole, number, 2) for number in (1, 2))
    for each in (first, second):
        assert (each.hashing_concurrency, each.hashing_queue) == (3, 5)
        assert each.secret_key_bytes() == whole.secret_key_bytes()
    assert (first.migrate_on_start, second.migrate_on_start) == (True, False)
    assert first.kept_key is not None
    assert second.kept_key is not None
    assert (first.kept_key.was_made, second.kept_key.was_made) == (True, False)


def test_every_setting_says_what_it_is() -> None:
    assert all(field.description for field in Settings.model_fields.values())


def test_the_public_url_follows_the_port(load: Load) -> None:
    assert load(port="9001").public_url == "http://127.0.0.1:9001"
    # What a browser writes has no port that goes without saying.
    assert load(port="80").public_url == "http://127.0.0.1"
    assert load(port="80", host="::1").public_url == "http://[::1]"


@pytest.mark.parametrize(
    ("word", "value"),
    [("on", True), ("off", False), ("true", True), ("False", False), ("1", True), ("0", False)],
)
def test_switches(load: Load, word: str, value: bool) -> None:
    assert load(rate_limits=word).rate_limits is value


def test_an_empty_value_is_none_at_all(load: Load) -> None:
    Path(".env").write_text("CORS_ORIGINS=https://a.example.com\nPORT=9000\n")
    settings = load(cors_origins="", secret_key="", smtp_url="", session_idle_ttl="")
    assert settings.cors_origins == ()
    assert settings.secret_key is settings.smtp_url is None
    assert settings.session_idle_ttl == 14 * 24 * 3600
    assert settings.port == 9000


def test_the_environment_wins_over_the_file(load: Load) -> None:
    Path(".env").write_text("PORT=9000\nHOST=::1\n")
    settings = load(port="9001")
    assert (settings.port, settings.host) == (9001, "::1")


@pytest.mark.parametrize(
    ("line", "expected"),
    [
        ("PASSWORD_MIN_LENGHT=8", "PASSWORD_MIN_LENGHT: in .env.*PASSWORD_MIN_LENGTH"),
        ("FROBNICATE=hunter2", r"FROBNICATE: in .env.*Remove it"),
        ("hunter2", r"\.env: has a line that is no setting"),
        ("hunter2/aGVsbG8=", r"\.env: has a line that is no setting"),
    ],
)
def test_unknown_keys_in_the_file_are_refused(load: Load, line: str, expected: str) -> None:
    Path(".env").write_text(line + "\n")
    (problem,) = problems_of(load)
    assert re.search(expected, problem)
    assert "hunter2" not in problem


def test_a_file_that_is_not_utf8_is_refused(load: Load) -> None:
    Path(".env").write_bytes(b"MAIL_FROM=\xff\n")
    assert problems_of(load) == (".env: is not UTF-8. Save it as UTF-8.",)


@pytest.mark.parametrize(
    ("text", "where"),
    [
        ('PORT=9000\nDATABASE_URL="hunter2\n', "line 2"),
        ("PORT=9000\nthis is hunter2\nHOST=::1\n", "line 2"),
        ("one hunter2\nPORT=9000\n'hunter2\n", "lines 1, 3"),
    ],
)
def test_a_line_that_would_be_passed_over_is_refused(load: Load, text: str, where: str) -> None:
    """What it was to set would have its default, such as a database in a file."""
    Path(".env").write_text(text)
    [problem] = problems_of(load)
    assert problem.startswith(f".env: {where} cannot be read. Write NAME=value")
    assert "hunter2" not in problem


def test_a_pipe_is_refused_and_not_waited_for(load: Load) -> None:
    os.mkfifo(".env")
    assert problems_of(load) == (
        ".env: is a pipe or a socket. Remove it, or put a file in its place.",
    )


def test_a_byte_order_mark_is_no_part_of_the_first_setting(load: Load) -> None:
    Path(".env").write_bytes(b"\xef\xbb\xbfPORT=9000\r\nHOST=::1\r\n")
    settings = load()
    assert (settings.port, settings.host) == (9000, "::1")


BAD = {
    "environment": ["prod", "hunter2"],
    "debug": ["hunter2"],
    "port": ["0", "65536", "hunter2", "80.5"],
    "host": ["a b", "hunter2\n"],
    "public_url": [
        "hunter2",
        "ftp://hunter2.example.com",
        "https://hunter2.example.com/path",
        "https://hunter2.example.com?x",
        "https://hunter2.example.com:443",
        "http://hunter2.example.com:80",
        "https://Hunter2.example.com",
        "https://user:hunter2@example.com",
        "https://hunter2 .example.com",
        "https://hunter2.example.com:99999",
        "https://[hunter2]/",
        "https://",
        "https://exa\u2028mple.com",
    ],
    "link_base_url": ["https://hunter2.example.com/a?b", "javascript:hunter2", "//hunter2.example"],
    "database_url": [
        "mysql://u:hunter2@h/d",
        "postgresql+psycopg://u:hunter2@h/d",
        "postgresql:///hunter2",
        "sqlite://",
        "sqlite:///:memory:",
        "hunter2",
    ],
    "access_token_ttl": ["0", "601", "-1", "1.5", "hunter2"],
    "api_key_max_ttl": ["-1", "1.5", "1e3", "99999999999999", "hunter2"],
    "session_idle_ttl": ["0", "99999999999999"],
    "refresh_grace": ["-1", "61"],
    "signing_algorithm": ["none", "HS256"],
    "token_audience": ["hunter 2"],
    "password_min_length": ["7"],
    "password_max_length": ["63", "4097"],
    "argon2_memory_kib": ["7", "hunter2"],
    "hashing_concurrency": ["0"],
    "hashing_queue": ["-1"],
    "administrator_acr": ["aal1", "aal3", "hunter2"],
    "sign_in_attempts": ["-1"],
    "smtp_url": ["http://hunter2", "smtp://", "hunter2:25", "smtp+starttls://hunter2"],
    "mail_from": ["hunter2", "a@b.example\r\nBcc: hunter2@c.example", "@hunter2", "hunter2@"],
    "mail_retry_seconds": ["0", "nan", "inf"],
    "trusted_proxies": [
        "hunter2",
        "10.0.0.1/8",
        "0.0.0.0/0",
        "::/0",
        "*",
        "10.0.0.0/8 10.1.1.1",
        "::ffff:0:0/96",
        "::ffff:10.0.0.1/104",
    ],
    "cors_origins": [
        "*",
        "null",
        "https://hunter2.example.com/a",
        "hunter2",
        "https://a.b,*",
        "file://hunter2",
        "javascript://hunter2",
        "capacitor://hunter2/a",
        "capacitor://",
        "ionic://a@hunter2",
        "Capacitor://hunter2",
        "http://hunter2:80",
        "ws://hunter2",
    ],
    "body_limit": ["0", "1073741824"],
    "request_deadline": ["0", "nan"],
    "keep_alive_seconds": ["0", "3601", "1.5", "hunter2"],
    "log_level": ["loud"],
    "log_format": ["xml"],
}


@pytest.mark.parametrize(
    ("setting", "value"), [(name, value) for name, values in BAD.items() for value in values]
)
def test_a_bad_value_is_named_and_never_repeated(load: Load, setting: str, value: str) -> None:
    """
    CF-1, LG-1: the message says which setting and what is expected, and holds no value.
    """
    (problem,) = problems_of(load, **{setting: value})
    assert problem.startswith(f"{setting.upper()}: ")
    assert "Expected: " in problem
    assert "\n" not in problem
    assert "hunter2" not in problem


def test_every_problem_is_told_at_once(load: Load) -> None:
    problems = problems_of(load, environment="prod", port="x", argon2_memory_kib="y")
    assert [problem.partition(":")[0] for problem in problems] == [
        "ARGON2_MEMORY_KIB",
        "ENVIRONMENT",
        "PORT",
    ]


def test_lanes_need_memory(load: Load) -> None:
    (problem,) = problems_of(load, argon2_memory_kib="8", argon2_parallelism="2")
    assert problem.startswith("ARGON2_MEMORY_KIB: is less than")


@pytest.mark.parametrize(
    "written",
    [
        "postgresql://u:p@h/d",
        "postgres://u:p@h:5/d",
        "postgresql+asyncpg://u:p@h/d",
        "postgresql://h/d?sslmode=require",
        "sqlite:///var/a.db",
        "sqlite:////srv/a.db",
        "sqlite+aiosqlite:///a.db",
        "memory://",
    ],
)
def test_the_address_of_a_database_is_kept_as_written(load: Load, written: str) -> None:
    settings = load(database_url=written)
    assert settings.database_url.get_secret_value() == written
    assert settings.in_memory is (written == "memory://")


def test_the_file_of_sqlite(load: Load) -> None:
    assert load(database_url="sqlite:////srv/a%20b.db").sqlite_file == Path("/srv/a b.db")
    assert load(database_url="postgresql://h/d").sqlite_file is None


@pytest.mark.parametrize(
    "address", ["smtp://mail", "smtp://u:p@mail:587", "smtp://mail?starttls=required", "smtps://m"]
)
def test_an_address_of_a_mail_server_is_kept_as_written(load: Load, address: str) -> None:
    settings = load(smtp_url=address)
    assert settings.smtp_url is not None
    assert settings.smtp_url.get_secret_value() == address


@pytest.mark.parametrize(
    ("written", "longest"),
    [("", timedelta(days=365)), ("60", timedelta(minutes=1)), ("0", None)],
)
def test_how_long_api_keys_live_at_most(
    load: Load, written: str, longest: timedelta | None
) -> None:
    """
    A year if nothing is said; 0 is for good.
    """
    settings = load(api_key_max_ttl=written)
    found = policies(settings, common_passwords=ListedCommonPasswords())
    assert found.longest_api_key == longest


def test_lists(load: Load) -> None:
    settings = load(
        trusted_proxies="10.0.0.0/8, 192.0.2.1,fd00::/8,::ffff:172.16.0.0/108,::ffff:192.0.2.2",
        cors_origins="https://a.example.com/, http://localhost:3000 ,https://a.example.com,"
        "capacitor://localhost,ionic://localhost/,http://localhost,tauri://localhost",
    )
    assert [str(network) for network in settings.trusted_proxies] == [
        "10.0.0.0/8",
        "192.0.2.1/32",
        "fd00::/8",
        "172.16.0.0/12",  # as clients' addresses come, whatever socket they came in by
        "192.0.2.2/32",
    ]
    assert settings.cors_origins == (
        "https://a.example.com",
        "http://localhost:3000",
        "capacitor://localhost",
        "ionic://localhost",
        "http://localhost",
        "tauri://localhost",
    )


def test_idle_connections_outlive_those_of_common_balancers(load: Load) -> None:
    """
    IN-3
    """
    assert load().keep_alive_seconds == 75
    assert load(keep_alive_seconds="90").keep_alive_seconds == 90


def test_addresses_lose_a_last_slash(load: Load) -> None:
    settings = load(public_url="https://id.example.com/", link_base_url="https://a.example/b/")
    assert settings.public_url == "https://id.example.com"
    assert settings.link_base_url == "https://a.example/b"


@pytest.mark.parametrize("setting", ["public_url", "cors_origins"])
@pytest.mark.parametrize(
    ("rest", "what"),
    [
        ("/a", "a path"),
        ("/a?x", "a query"),
        ("?x", "a query"),
        ("/?x=y", "a query"),
        ("?", "a query"),
    ],
)
def test_what_an_origin_has_too_much_is_named(
    load: Load, setting: str, rest: str, what: str
) -> None:
    with pytest.raises(SettingsError) as refused:
        load(**{setting: f"https://id.example.com{rest}"})
    assert f"has {what};" in str(refused.value)


def test_no_secret_is_shown(load: Load) -> None:
    """
    LG-1
    """
    previous = STRONG[::-1]
    secrets = {"smtp_url": "smtp://u:hunter2@h", "secret_key_previous": previous}
    settings = load(**{**PRODUCTION, **secrets})
    shown = f"{settings!r}{settings}{findings(settings)}{settings.model_dump_json()}"
    assert "hunter2" not in shown
    assert STRONG not in shown
    assert previous not in shown


@pytest.mark.parametrize(
    ("change", "setting"),
    [
        ({"secret_key": ""}, "SECRET_KEY"),
        ({"secret_key": STRONG[:31]}, "SECRET_KEY"),
        ({"secret_key_previous": STRONG[:31]}, "SECRET_KEY_PREVIOUS"),
        ({"secret_key_previous": "changeme" * 8}, "SECRET_KEY_PREVIOUS"),
        ({"debug": "on"}, "DEBUG"),
        ({"public_url": "http://id.example.com"}, "PUBLIC_URL"),
        ({"link_base_url": "http://id.example.com"}, "LINK_BASE_URL"),
        ({"database_url": "memory://"}, "DATABASE_URL"),
        ({"argon2_memory_kib": "19455"}, "ARGON2_MEMORY_KIB"),
        ({"argon2_time_cost": "1"}, "ARGON2_TIME_COST"),
    ],
)
def test_what_would_put_accounts_at_risk_stops_the_start(
    load: Load, change: dict[str, str], setting: str
) -> None:
    """
    CF-1, PW-1
    """
    (refusal,) = refusals(load(**{**PRODUCTION, **change}))
    assert (refusal.setting, refusal.level) == (setting, "error")
    assert refusal.cure


@pytest.mark.parametrize(
    ("change", "setting", "level"),
    [
        ({"smtp_url": ""}, "SMTP_URL", "error"),
        ({"mail_from": "a@localhost"}, "MAIL_FROM", "error"),
        ({"mail_from": "a@localhost.localdomain"}, "MAIL_FROM", "warning"),
        ({"rate_limits": "off"}, "RATE_LIMITS", "warning"),
        ({"sign_in_attempts": "0"}, "SIGN_IN_ATTEMPTS", "warning"),
        ({"keep_alive_seconds": "60"}, "KEEP_ALIVE_SECONDS", "warning"),
        ({"docs": "on"}, "DOCS", "warning"),
        ({"api_key_max_ttl": "0"}, "API_KEY_MAX_TTL", "warning"),
        ({"database_url": "sqlite:///a.db"}, "DATABASE_URL", "warning"),
        ({"public_url": "http://127.0.0.1:8000"}, "PUBLIC_URL", "warning"),
        ({"public_url": "https://10.0.0.5"}, "PASSKEY_RP_ID", "warning"),
        ({"public_url": "https://[2001:db8::1]"}, "PASSKEY_RP_ID", "warning"),
        (
            {
                "passkey_rp_id": "example.com",
                "passkey_origins": "https://id.example.com,https://example.org",
            },
            "PASSKEY_ORIGINS",
            "warning",
        ),
    ],
)
def test_what_is_unwise_is_said(
    load: Load, change: dict[str, str], setting: str, level: str
) -> None:
    settings = load(**{**PRODUCTION, **change})
    (finding,) = (each for each in findings(settings) if each.level != "ok")
    assert (finding.setting, finding.level) == (setting, level)
    assert refusals(settings) == []


@pytest.mark.parametrize(
    ("change", "setting"),
    [
        ({"host": "0.0.0.0"}, "HOST"),
        ({"secret_key": "x"}, "SECRET_KEY"),
        ({"secret_key_previous": "x"}, "SECRET_KEY_PREVIOUS"),
        ({"database_url": "memory://"}, "DATABASE_URL"),
    ],
)
def test_development_only_warns(load: Load, change: dict[str, str], setting: str) -> None:
    settings = load(**change)
    (finding,) = (each for each in findings(settings) if each.level != "ok")
    assert (finding.setting, finding.level) == (setting, "warning")


@pytest.mark.parametrize(
    "key",
    [
        "x" * 64,
        "ab" * 32,
        "correct-horse-battery-" * 3,
        "changeme" * 8,
        "please-change-me-before-going-to-production",
        "secret-key-of-at-least-thirty-two-bytes",
        "SECRET_KEY_SECRET_KEY_SECRET_KEY_",
        "0123456789abcdef0123456789abcdef",
        "django-insecure-wq2f9x!k3v8z7y6u5t4r1e0w",
        "your-secret-key-here-your-secret-key",
    ],
)
def test_guessable_keys_are_weak(key: str) -> None:
    """
    CF-1
    """
    assert weakness(key)


@given(st.binary(min_size=32, max_size=64).filter(lambda key: len(set(key)) > 20))
def test_random_keys_are_strong(key: bytes) -> None:
    """
    CF-1: a key that follows the advice is not refused.
    """
    assert weakness(key.hex()) is None


def test_the_development_key_is_made_once_and_kept_private(load: Load) -> None:
    """
    CF-1
    """
    settings = load()
    key = settings.secret_key_bytes()
    file = Path("var/secret_key")
    assert len(key) >= 32
    assert key == settings.secret_key_bytes() == load_settings().secret_key_bytes()
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    assert weakness(key.decode()) is None
    assert [each.name for each in file.parent.iterdir()] == ["secret_key"]
    file.chmod(0o644)
    load_settings().secret_key_bytes()
    assert stat.S_IMODE(file.stat().st_mode) == 0o600


def test_a_given_key_is_taken_as_it_is(load: Load) -> None:
    assert load(secret_key="x").secret_key_bytes() == b"x"
    assert not Path("var").exists()


def test_in_memory_nothing_is_kept(load: Load) -> None:
    settings = load(database_url="memory://")
    assert settings.secret_key_bytes() == settings.secret_key_bytes()
    assert settings.secret_key_bytes() != load_settings().secret_key_bytes()
    assert not Path("var").exists()


def test_production_makes_no_key(load: Load) -> None:
    """
    CF-1
    """
    settings = load(**{**PRODUCTION, "secret_key": ""})
    with pytest.raises(SettingsError, match="SECRET_KEY"):
        settings.secret_key_bytes()


@pytest.mark.parametrize("damage", ["short", "folder", "link", "pipe"])
def test_a_damaged_key_is_refused_and_not_replaced(load: Load, damage: str) -> None:
    """
    CF-1: a new key would make everything sealed under the old one unreadable.
    """
    Path("var").mkdir()
    file = Path("var/secret_key")
    if damage == "short":
        file.write_text("abc")
    elif damage == "folder":
        file.mkdir()
    elif damage == "pipe":
        os.mkfifo(file)
    else:
        Path("elsewhere").write_text(STRONG)
        file.symlink_to(Path("elsewhere").absolute())
    before = file.lstat().st_mode
    with pytest.raises(SettingsError, match="SECRET_KEY"):
        load().secret_key_bytes()
    if damage != "short":
        assert file.lstat().st_mode == before, "it is none of ours"


def _read_or_make(path: Path) -> bytes:
    return KeptKey(path).read_or_make()


@pytest.fixture
def starters() -> Iterator[ProcessPoolExecutor]:
    """
    Processes that start at the same time.
    """
    with ProcessPoolExecutor(4, multiprocessing.get_context("spawn")) as pool:
        yield pool


def test_processes_that_start_together_share_one_key(
    tmp_path: Path, starters: ProcessPoolExecutor
) -> None:
    """
    CF-1: with two keys, each process would refuse the tokens of the other.
    """
    for attempt in range(20):
        path = tmp_path / f"{attempt}" / "secret_key"
        keys = set(starters.map(_read_or_make, [path] * 8))
        assert len(keys) == 1
        assert [each.name for each in path.parent.iterdir()] == ["secret_key"]
