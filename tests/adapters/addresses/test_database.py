"""The address of a database: libpq's options, and the paths of SQLite."""

import pytest

from adapters.addresses.database import PostgresqlAddress, SqliteAddress, database_address

SECRET = "hunter2"


def postgresql(text: str) -> PostgresqlAddress:
    """Return the address, which is one of PostgreSQL."""
    address = database_address(text)
    assert isinstance(address, PostgresqlAddress)
    return address


@pytest.mark.parametrize("scheme", ["postgresql", "postgres", "postgresql+asyncpg", "PostgreSQL"])
def test_the_parts_of_an_address(scheme: str) -> None:
    address = postgresql(f"{scheme}://ja%6ee:p%40%2F@db.example:5433/acc%20ounts")
    assert address.hosts == (("db.example", 5433),)
    assert (address.user, address.password, address.database) == ("jane", "p@/", "acc ounts")
    assert "p@/" not in repr(address)


@pytest.mark.parametrize(
    ("text", "hosts"),
    [
        ("postgresql://a/d", (("a", 5432),)),
        ("postgresql://a:1,b:2,c/d", (("a", 1), ("b", 2), ("c", 5432))),
        ("postgresql://a,b/d?port=1", (("a", 1), ("b", 1))),
        ("postgresql:///d?host=a,b&port=1,2", (("a", 1), ("b", 2))),
        ("postgresql:///d?host=a,b&port=,2", (("a", 5432), ("b", 2))),
        ("postgresql:///d?host=a:1,b:2", (("a", 1), ("b", 2))),
        ("postgresql:///d?host=::1", (("::1", 5432),)),
        ("postgresql://[::1]:1,[::2]/d", (("::1", 1), ("::2", 5432))),
        ("postgresql://jane@/d?host=/run/postgresql", (("/run/postgresql", 5432),)),
        ("postgresql://%2Frun%2Fpostgresql/d", (("/run/postgresql", 5432),)),
        ("postgresql://%2Frun%2Fpostgresql:5433/d", (("/run/postgresql", 5433),)),
        ("postgresql://jane@/d?host=/run/my%20db&port=5433", (("/run/my db", 5433),)),
        (f"postgresql:///d?host=/{'x' * 91}", ((f"/{'x' * 91}", 5432),)),
    ],
)
def test_one_host_or_several_or_the_folder_of_a_socket(
    text: str, hosts: tuple[tuple[str, int], ...]
) -> None:
    assert postgresql(text).hosts == hosts


def test_what_the_options_say() -> None:
    address = postgresql(
        "postgresql:///?host=a&user=jane&password=p%26w&dbname=d&application_name=my%20app"
        "&connect_timeout=7&target_session_attrs=read-write&load_balance_hosts=random"
        "&options=-c%20search_path%3Dpeople%20--work_mem%3D8MB%20-cx.y%3Da%5C%20b&passfile=/p"
    )
    assert (address.user, address.password, address.database) == ("jane", "p&w", "d")
    assert (address.application_name, address.connect_timeout) == ("my app", 7)
    assert (address.session_kind, address.at_random, address.passfile) == ("read-write", True, "/p")
    assert dict(address.server_settings) == {
        "search_path": "people",
        "work_mem": "8MB",
        "x.y": "a b",
    }


@pytest.mark.parametrize(
    ("query", "tls"),
    [
        ("sslmode=verify-full", {"sslmode": "verify-full"}),
        ("ssl=require", {"sslmode": "require"}),
        ("sslrootcert=system", {"sslrootcert": "system", "sslmode": "verify-full"}),
        (
            "sslmode=verify-ca&sslrootcert=/a%20b.pem&sslcert=/c&sslkey=/k&sslpassword=p",
            {
                "sslmode": "verify-ca",
                "sslrootcert": "/a b.pem",
                "sslcert": "/c",
                "sslkey": "/k",
                "sslpassword": "p",
            },
        ),
        ("sslrootcert=&sslcert=", {}),
        ("ssl=true", {"sslmode": "require"}),
        ("ssl=verify-full", {"sslmode": "verify-full"}),
        (
            "sslmode=require&sslnegotiation=direct",
            {"sslmode": "require", "sslnegotiation": "direct"},
        ),
        ("ssl_min_protocol_version=TLSv1.3", {"ssl_min_protocol_version": "TLSv1.3"}),
        ("channel_binding=prefer&gssencmode=disable&sslsni=1&client_encoding=utf8", {}),
    ],
)
def test_what_the_options_say_of_tls(query: str, tls: dict[str, str]) -> None:
    address = postgresql(f"postgresql://jane@db/d?{query}")
    assert dict(address.tls) == tls
    assert "sslpassword" not in repr(address)


@pytest.mark.parametrize(
    ("query", "words"),
    [
        ("channel_binding=require", "verify-full"),
        ("gssencmode=require", "GSSAPI"),
        ("require_auth=scram-sha-256", "require_auth"),
        ("service=x", "service file"),
        ("hostaddr=10.0.0.1", "hostaddr"),
        ("krbsrvname=x", "GSSAPI"),
        ("keepalives_idle=3", "Doorward sets its own"),
        ("sslcrldir=/x", "sslcrl"),
        ("sslmode=on", "verify-full"),
        ("sslmode=", "verify-full"),
        ("sslmode=require&ssl=require", "no PostgreSQL address has"),
        ("sslrootcert=system&sslmode=require", "sslmode=verify-full"),
        ("sslkey=/k", "sslcert"),
        ("sslnegotiation=direct", "sslmode=require"),
        ("sslnegotiation=always", "postgres, direct"),
        ("ssl_min_protocol_version=SSLv3", "TLSv1.2"),
        ("target_session_attrs=any-thing", "read-write"),
        ("load_balance_hosts=yes", "random"),
        ("connect_timeout=0", "1 to 600"),
        ("connect_timeout=hunter2", "1 to 600"),
        ("connect_timeout=-1", "1 to 600"),
        ("connect_timeout=1.5", "1 to 600"),
        ("options=hunter2", "-c%20name=value"),
        ("options=-c%20hunter2", "-c%20name=value"),
        ("options=-c%20statement_timeout%3D0", "Doorward sets itself"),
        ("ssl_min_protocol_version=TLSv1.3&ssl_max_protocol_version=TLSv1.2", "above"),
        ("ssl_max_protocol_version=TLSv1&ssl_min_protocol_version=TLSv1.1", "above"),
        ("options=-c%20TimeZone%3DCET", "Doorward sets itself"),
        ("hunter2=1", "%3F for ?"),
        ("timeout=3", "connect_timeout"),
        ("port=0", "1 to 65535"),
        ("port=hunter2", "1 to 65535"),
        ("port=1,2", "ports than of hosts"),
        ("host=other", "hosts in two places"),
        ("dbname=x", "database twice"),
        ("user=other", "user twice"),
        ("sslmode=require&sslmode=disable", "twice"),
        ("oauth_client_secret=hunter2", "OAuth"),
    ],
)
def test_what_the_driver_cannot_do_is_refused_with_the_reason(query: str, words: str) -> None:
    """An option that is passed over in silence could be the one that guards the password."""
    with pytest.raises(ValueError, match=r"^(is|has|names) ") as refused:
        database_address(f"postgresql://jane:{SECRET}@db/d?{query}")
    assert words in str(refused.value)
    assert SECRET not in str(refused.value)


@pytest.mark.parametrize(
    "text",
    [
        f"postgresql:///{SECRET}", "postgresql://", f"postgresql://jane:{SECRET}@/d",
        f"postgresql://:{SECRET}@db/d", f"postgresql://db/d?password={SECRET}",
        f"postgresql://a,,{SECRET}/d", f"postgresql://{SECRET}:99999/d",
        f"postgresql://{SECRET}:5432x/d", f"postgresql://@{SECRET}x:y/d",
        f"postgresql:///d?host=@{SECRET}", f"postgresql:///d?host=/{SECRET}{'x' * 86}",
        f"postgresql:///d?host=/{SECRET}{'é' * 43}", f"postgresql+psycopg://j:{SECRET}@h/d",
        f"mysql://j:{SECRET}@h/d", f"{SECRET}", f"postgresql://j:{SECRET}@h/d#x",
        f"postgresql://a:1/d?host={SECRET}&port=2", f"postgresql://a:1/{SECRET}?port=2",
        f"sqlite:///{SECRET}.db?mode=ro", f"sqlite:///{SECRET}.db?uri=true",
        f"sqlite:///file:{SECRET}.db", "sqlite://", "sqlite:///", "sqlite:///:memory:",
        f"sqlite://{SECRET}/a.db", f"sqlite:///~/{SECRET}.db", f"sqlite:////{SECRET}/",
        f"sqlite:///{SECRET}%00.db", f"sqlite:///{SECRET}#.db", f"sqlite:///{SECRET}%.db",
        f"sqlite+pysqlite:///{SECRET}.db", "memory:///x", "memory://?x",
    ],
)  # fmt: skip
def test_other_addresses_are_refused_without_being_repeated(text: str) -> None:
    """LG-1."""
    with pytest.raises(ValueError, match=r"^(is|has|names) ") as refused:
        database_address(text)
    assert SECRET not in str(refused.value)


@pytest.mark.parametrize(
    ("text", "file"),
    [
        ("sqlite:///var/a.db", "var/a.db"),
        ("sqlite:////srv/a.db", "/srv/a.db"),
        ("sqlite+aiosqlite:///a.db", "a.db"),
        ("sqlite:///a%20b", "a b"),
        ("sqlite:///a b", "a b"),
        ("sqlite:///a%3Fb%23c%25d", "a?b#c%d"),
        ("sqlite:///a+b@c:d", "a+b@c:d"),
        ("sqlite:///bücher.db", "bücher.db"),
        ("sqlite:///C:\\doorward\\a.db", "C:\\doorward\\a.db"),
    ],
)
def test_the_path_of_a_file(text: str, file: str) -> None:
    assert database_address(text) == SqliteAddress(file=file)


def test_memory_keeps_nothing() -> None:
    assert database_address("memory://") is None
