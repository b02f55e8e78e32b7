"""Connecting as an address of PostgreSQL's own says: with a real server, its TLS and its socket."""

import socket
import ssl
from collections.abc import AsyncIterator, Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
from asyncpg import PostgresError
from sqlalchemy import make_url, text

from adapters.sqlalchemy.engine import create_engine
from adapters.sqlalchemy.errors import translated, translated_errors
from adapters.sqlalchemy.health import DatabaseProbe
from domain.errors import ServiceUnavailable
from domain.failures import Failure, Remedy
from migrations.runner import current, upgrade
from tests.support.certificates import Authority
from tests.support.databases import administer, through_sqlalchemy
from tests.support.postgres import PostgresServer
from tests.support.processes import free_port
from tests.support.tls_front import tls_front


async def asked(url: str, question: str) -> object:
    """Return the answer to one question on a connection as the service opens it."""
    engine = create_engine(url)
    try:
        async with through_sqlalchemy(engine).connect() as connection:
            return (await connection.execute(text(question))).scalar()
    finally:
        await engine.dispose()


async def failure_with(url: str) -> Failure:
    """Return why the service cannot use the database at this address."""
    engine = create_engine(url)
    try:
        failure = await DatabaseProbe(engine, timeout=10).failure()
    finally:
        await engine.dispose()
    assert failure is not None
    return failure


def written(url: str, *, query: str = "", host: str | None = None) -> str:
    """Return the address as people write it, with these options, or at these hosts."""
    address = make_url(url).set(drivername="postgresql")
    whole = address.render_as_string(hide_password=False)
    if host is not None:
        login = whole.rpartition("@")[0]
        whole = f"{login}@{host}/{address.database}"
    return f"{whole}?{query}" if query else whole


async def test_a_session_is_named_and_set_as_the_address_says(postgres_url: str) -> None:
    plain = written(postgres_url)
    assert await asked(plain, "SHOW application_name") == "doorward"
    query = "application_name=id%20service&options=-c%20search_path%3Dpeople%2Cpublic"
    chosen = written(postgres_url, query=query)
    assert await asked(chosen, "SHOW application_name") == "id service"
    assert await asked(chosen, "SHOW search_path") == "people,public"
    assert await asked(chosen, "SHOW statement_timeout") == "10s"


async def test_a_setting_that_the_server_does_not_know_is_told(postgres_url: str) -> None:
    query = "options=-c%20no_such_setting%3Dhunter2"
    failure = await failure_with(written(postgres_url, query=query))
    assert (failure.reason, failure.code) == ("setting_refused", "42704")
    assert "hunter2" not in str(failure)
    assert "no_such" not in str(failure)


async def failure_of(url: str, *statements: str) -> Failure | None:
    """Return why the last of these statements, in one transaction, was not answered."""
    engine = create_engine(url)
    try:
        with translated_errors():
            async with through_sqlalchemy(engine).connect() as connection:
                for statement in statements:
                    await connection.execute(text(statement))
    except ServiceUnavailable as refused:
        return refused.failure
    finally:
        await engine.dispose()
    return None


async def test_a_time_limit_of_the_server_is_named(postgres_url: str) -> None:
    """DB-1: not as a connection that was closed, though some of them close it."""
    version = await asked(postgres_url, "SELECT current_setting('server_version_num')::int")
    assert isinstance(version, int)
    limited = written(postgres_url, query="options=-c%20transaction_timeout%3D100")
    if version >= 170000:
        failure = await failure_of(limited, "SELECT pg_sleep(20)")
        assert failure is not None
        assert (failure.reason, failure.code) == ("transaction_timeout", "25P04")
        assert "transaction_timeout" in failure.what_happened
        assert "DATABASE_URL" in failure.cure
    failure = await failure_of(postgres_url, "SET statement_timeout = 100", "SELECT pg_sleep(20)")
    assert failure is not None
    assert (failure.reason, failure.code) == ("too_slow", "57014")
    assert "statement_timeout" in failure.what_happened


async def test_a_lock_that_is_not_to_be_had_is_named(postgres_url: str) -> None:
    engine = create_engine(postgres_url)
    try:
        async with through_sqlalchemy(engine).connect() as connection:
            await connection.execute(text("LOCK TABLE alembic_version IN EXCLUSIVE MODE"))
            lock = ("SET lock_timeout = 100", "LOCK TABLE alembic_version IN EXCLUSIVE MODE")
            failure = await failure_of(postgres_url, *lock)
    finally:
        await engine.dispose()
    assert failure is not None
    assert (failure.reason, failure.code) == ("locked", "55P03")


@pytest.mark.parametrize(
    ("state", "reason", "words"),
    [
        ("25P03", "idle_in_transaction_timeout", "idle_in_transaction_session_timeout"),
        ("25P04", "transaction_timeout", "transaction_timeout"),
        ("55P03", "locked", "a lock in time"),
        ("57014", "too_slow", "statement_timeout"),
        ("57P05", "idle_session_timeout", "idle_session_timeout"),
    ],
)
def test_every_time_limit_has_its_own_name(state: str, reason: str, words: str) -> None:
    """DB-1: a 503 whose log says which limit it was (PostgreSQL, appendix A)."""
    error = PostgresError.new({"S": "FATAL", "C": state, "M": "hunter2"})
    meaning = translated(error)
    assert isinstance(meaning, ServiceUnavailable)
    failure = meaning.failure
    assert failure is not None
    assert (failure.reason, failure.code, failure.remedy) == (reason, state, Remedy.TIME)
    assert words in failure.what_happened
    assert "hunter2" not in str(failure)


async def test_a_password_may_hold_every_character(
    postgres_admin_url: str, postgres_url: str
) -> None:
    """LG-1: also those that turn into delimiters under NFKC."""
    name = f"{make_url(postgres_url).database}_odd"
    await administer(postgres_admin_url, f"CREATE ROLE \"{name}\" LOGIN PASSWORD '℀ @:/?#[]%+ä'")
    try:
        place = written(postgres_url).rpartition("@")[2]
        url = f"postgresql://{name}:℀%20%40%3A%2F%3F%23[]%25+%C3%A4@{place}"
        assert await asked(url, "SELECT current_user") == name
    finally:
        await administer(postgres_admin_url, f'DROP ROLE "{name}"')


async def test_what_stands_in_options_is_as_good(postgres_url: str) -> None:
    """libpq takes every part of an address as an option, too."""
    address = make_url(postgres_url)
    url = (
        f"postgresql:///?host={address.host}&port={address.port}&user={address.username}"
        f"&password={address.password}&dbname={address.database}&connect_timeout=5"
    )
    assert await asked(url, "SELECT current_database()") == address.database
    assert await current(url)  # and a migration takes the same address


@pytest.fixture
def silent() -> Iterator[int]:
    """A port at which something listens and never says a word."""
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        listener.listen(1)
        yield int(listener.getsockname()[1])


@pytest.fixture
def closed() -> int:
    """A port at which nothing listens."""
    return free_port()


async def test_the_first_host_that_answers_is_used(
    postgres_url: str, silent: int, closed: int
) -> None:
    """One that says nothing has its own time and not that of the others."""
    port = make_url(postgres_url).port
    hosts = f"127.0.0.1:{closed},127.0.0.1:{silent},127.0.0.1:{port}"
    for kind in ("any", "read-write", "primary", "prefer-standby"):
        url = written(
            postgres_url, host=hosts, query=f"connect_timeout=1&target_session_attrs={kind}"
        )
        assert await asked(url, "SELECT inet_server_port()") == port
    url = written(postgres_url, host=hosts, query="connect_timeout=1&load_balance_hosts=random")
    assert await asked(url, "SELECT inet_server_port()") == port


async def test_no_host_of_the_kind_that_is_asked_for(postgres_url: str) -> None:
    failure = await failure_with(written(postgres_url, query="target_session_attrs=standby"))
    assert failure.reason == "read_only"


@dataclass(frozen=True)
class Secure:
    """A server behind TLS, by STARTTLS and from the first byte, and the files of its authority."""

    url: str
    port: int
    direct_port: int
    strict_port: int
    """Here a certificate of ours is demanded."""
    folder: Path

    def address(self, query: str, *, port: int | None = None, host: str = "127.0.0.1") -> str:
        """Return an address with these options; ``{folder}`` in them is where the files are."""
        place = f"{host}:{port or self.port}"
        return written(self.url, host=place, query=query.format(folder=self.folder))


@pytest.fixture
async def secure(postgres_url: str, tmp_path: Path) -> AsyncIterator[Secure]:
    authority = Authority(tmp_path)
    own = authority.sign("server", hosts=("127.0.0.1",))
    authority.sign("client", password=b"open sesame")
    Authority(tmp_path, "stranger").sign("foreign")
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH, cafile=str(authority.file))
    context.load_cert_chain(own.file, own.key)
    context.set_alpn_protocols(["postgresql"])
    strict = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH, cafile=str(authority.file))
    strict.load_cert_chain(own.file, own.key)
    strict.verify_mode = ssl.CERT_REQUIRED
    port = make_url(postgres_url).port or 5432
    async with (
        tls_front(port, context) as front,
        tls_front(port, context, direct=True) as direct,
        tls_front(port, strict) as demanding,
    ):
        yield Secure(postgres_url, front, direct, demanding, tmp_path)


@pytest.mark.parametrize(
    "query",
    [
        "sslmode=prefer",
        "",
        "sslmode=require",
        "sslmode=verify-ca&sslrootcert={folder}/authority.pem",
        "sslmode=verify-full&sslrootcert={folder}/authority.pem",
        "sslmode=require&channel_binding=prefer",
        "ssl=require&ssl_min_protocol_version=TLSv1.3",
    ],
)
async def test_tls_as_the_address_says(secure: Secure, query: str) -> None:
    """The front takes nothing but TLS."""
    assert await asked(secure.address(query), "SELECT 1") == 1
    if query == "sslmode=require":
        direct = secure.address("sslmode=require&sslnegotiation=direct", port=secure.direct_port)
        assert await asked(direct, "SELECT 1") == 1


async def test_a_certificate_of_ours_is_shown(secure: Secure) -> None:
    query = "sslmode=verify-full&sslrootcert={folder}/authority.pem"
    ours = "&sslcert={folder}/client.pem&sslkey={folder}/client.key&sslpassword=open%20sesame"
    assert await asked(secure.address(query + ours, port=secure.strict_port), "SELECT 1") == 1
    missing = await failure_with(secure.address(query, port=secure.strict_port))
    assert (missing.reason, "sslcert" in missing.cure) == ("closed_at_sign_in", True)
    foreign = "&sslcert={folder}/foreign.pem&sslkey={folder}/foreign.key"
    refused = await failure_with(secure.address(query + foreign, port=secure.strict_port))
    assert refused.reason == "closed_at_sign_in"


async def test_the_authorities_of_the_system_can_be_trusted(
    secure: Secure, monkeypatch: pytest.MonkeyPatch
) -> None:
    url = secure.address("sslrootcert=system")
    assert (await failure_with(url)).reason == "tls_unknown_authority"
    monkeypatch.setenv("SSL_CERT_FILE", str(secure.folder / "authority.pem"))
    assert await asked(url, "SELECT 1") == 1


@pytest.mark.parametrize(
    ("query", "reason", "code"),
    [
        ("sslrootcert={folder}/stranger.pem", "tls_unknown_authority", None),
        ("sslrootcert={folder}/none.pem", "tls_files", "ENOENT"),
        ("sslrootcert={folder}", "tls_files", None),
        ("sslrootcert={folder}/client.key", "tls_files", None),
        ("", "tls_files", None),
        ("sslrootcert={folder}/authority.pem&sslcrl={folder}/none.pem", "tls_files", "ENOENT"),
        ("sslcert={folder}/client.pem&sslkey={folder}/client.key", "tls_files", None),
        ("sslcert={folder}/client.pem&sslkey={folder}/server.key", "tls_files",
         "KEY_VALUES_MISMATCH"),
    ],
)  # fmt: skip
async def test_certificates_that_do_not_fit_are_told(
    secure: Secure, query: str, reason: str, code: str | None
) -> None:
    mode = "require" if "sslcert" in query else "verify-full"
    failure = await failure_with(secure.address(f"sslmode={mode}&{query}"))
    assert failure.reason == reason
    assert code is None or failure.code == code
    assert str(secure.folder) not in str(failure)
    assert failure.cure
    assert failure.remedy is not Remedy.TIME


async def test_a_name_that_is_not_in_the_certificate_is_told(secure: Secure) -> None:
    query = "sslmode=verify-full&sslrootcert={folder}/authority.pem"
    failure = await failure_with(secure.address(query, host="localhost"))
    assert (failure.reason, failure.code) == ("tls_wrong_name", "HOSTNAME_MISMATCH")
    query = query.replace("full", "ca")
    assert await asked(secure.address(query, host="localhost"), "SELECT 1") == 1


@pytest.mark.parametrize(("expired", "itself"), [(True, False), (False, True)])
async def test_a_certificate_that_nobody_should_trust_is_told(
    postgres_url: str, tmp_path: Path, *, expired: bool, itself: bool
) -> None:
    authority = Authority(tmp_path)
    own = authority.sign("server", expired=expired, itself=itself)
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    context.load_cert_chain(own.file, own.key)
    query = f"sslmode=verify-full&sslrootcert={authority.file}"
    async with tls_front(make_url(postgres_url).port or 5432, context) as port:
        failure = await failure_with(written(postgres_url, host=f"127.0.0.1:{port}", query=query))
    assert failure.reason == ("tls_expired" if expired else "tls_self_signed")
    assert failure.kind == "tls"


@pytest.fixture(scope="module")
async def guarded() -> AsyncIterator[tuple[PostgresServer, Path]]:
    """A server that lets some roles in, and through its socket all of them."""
    server = PostgresServer()
    folder = server.folder("socket")
    server.use(
        f"unix_socket_directories={folder}",
        access="local all all trust\nhost all banned all reject\nhostnossl all secure all reject",
    )
    with server:
        for role in ("banned", "secure", "plain"):
            await administer(server.url(), f"CREATE ROLE {role} LOGIN PASSWORD 'hunter2'")
        yield server, folder


async def test_the_folder_of_a_socket(guarded: tuple[PostgresServer, Path]) -> None:
    server, place = guarded
    folder = str(place)
    for url in (
        f"postgresql://banned@/postgres?host={folder}&port={server.port}",
        f"postgresql://banned@{folder.replace('/', '%2F')}:{server.port}/postgres",
        f"postgresql:///postgres?host={folder}&port={server.port}&user=banned&sslmode=prefer",
    ):
        assert await asked(url, "SELECT inet_server_addr() IS NULL") is True
    nowhere = await failure_with("postgresql://banned@/postgres?host=/nowhere/hunter2")
    assert (nowhere.reason, nowhere.code) == ("no_socket", "ENOENT")
    assert "hunter2" not in str(nowhere)


@pytest.mark.parametrize(
    ("login", "database", "reason", "code"),
    [
        ("secure:hunter2", "postgres", "sign_in_refused", "28000"),
        ("banned:hunter2", "postgres", "sign_in_refused", "28000"),
        ("plain:hunter3", "postgres", "password_refused", "28P01"),
        ("plain", "postgres", "password_refused", "28P01"),
        ("nobody:hunter2", "postgres", "password_refused", "28P01"),
        ("plain:hunter2", "hunter4", "no_such_database", "3D000"),
    ],
)
async def test_who_may_not_sign_in_is_told_why(
    guarded: tuple[PostgresServer, Path], login: str, database: str, reason: str, code: str
) -> None:
    server, _ = guarded
    failure = await failure_with(f"postgresql://{login}@127.0.0.1:{server.port}/{database}")
    assert (failure.reason, failure.code) == (reason, code)
    assert "hunter" not in str(failure)


async def test_tls_that_the_server_does_not_offer_is_told(postgres_url: str) -> None:
    failure = await failure_with(written(postgres_url, query="sslmode=require"))
    assert failure.reason == "tls_refused"


async def test_a_process_without_a_name_has_to_name_a_user(
    postgres_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As in a container that runs under a number."""

    def nameless() -> str:
        raise OSError("No username set in the environment")

    monkeypatch.setattr("getpass.getuser", nameless)
    address = make_url(postgres_url)
    url = f"postgresql://{address.host}:{address.port}/{address.database}"
    assert (await failure_with(url)).reason == "no_user"


@pytest.mark.parametrize("encoding", ["SQL_ASCII", "LATIN1"])
async def test_a_database_that_cannot_hold_every_name_is_refused(
    own_postgres: PostgresServer, encoding: str
) -> None:
    """IN-1: `Łukasz` would be a 500."""
    await administer(
        own_postgres.url(),
        f"CREATE DATABASE narrow ENCODING '{encoding}' LOCALE 'C' TEMPLATE template0",
    )
    failure = await failure_with(own_postgres.url("narrow"))
    assert (failure.reason, failure.code) == ("wrong_encoding", encoding)
    assert failure.remedy is Remedy.RESTART
    with pytest.raises(ServiceUnavailable) as refused:
        await upgrade(own_postgres.url("narrow"))
    assert refused.value.failure == failure
