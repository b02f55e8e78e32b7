"""One parser for every address: what it reads, and that no refusal repeats a part of it."""

import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from adapters.addresses.url import Url, host_and_port, is_loopback_host

SECRET = "hunter2"


def refusal_of(text: str) -> str:
    """Return why the address is refused."""
    with pytest.raises(ValueError, match=r"^(is|has) ") as refused:
        Url.parse(text).host_and_port()
    assert refused.value.__cause__ is None
    assert refused.value.__suppress_context__ or refused.value.__context__ is None
    return str(refused.value)


def test_the_parts_of_an_address() -> None:
    url = Url.parse("Smtp://us%40er:p%3A%2F%25w@Mail.Example:587/a%20b?one=1&two=%3D%26")
    assert (url.scheme, url.user, url.password) == ("smtp", "us@er", "p:/%w")
    assert url.host_and_port() == ("mail.example", 587)
    assert url.path == "/a b"
    assert dict(url.options) == {"one": "1", "two": "=&"}
    assert "p:/%w" not in repr(url)


def test_the_host_begins_behind_the_last_at_sign() -> None:
    """Many mail servers take an address for a user name, and no host has an @ in it."""
    url = Url.parse("smtp://jane@example.org:p@ss:word@mail.example")
    assert (url.user, url.password) == ("jane@example.org", "p@ss:word")
    assert url.host_and_port() == ("mail.example", None)


@pytest.mark.parametrize("character", ["\u2100", "\uff03", "\uff1f", "\uff20", "\uff1a", "\u2048"])
def test_a_character_that_turns_into_a_delimiter_is_one_of_the_password(character: str) -> None:
    """LG-1: the standard library raises with the password in its text."""
    assert set(unicodedata.normalize("NFKC", character)) & set("/?#@:")
    url = Url.parse(f"postgresql://jane:{SECRET}{character}@db.example/accounts")
    assert url.password == SECRET + character
    assert url.hosts == "db.example"
    assert SECRET not in refusal_of(f"postgresql://{SECRET}{character}db.example/accounts")


@pytest.mark.parametrize(
    ("text", "cure"),
    [
        (f"postgresql://jane:{SECRET}#x@db/accounts", "%23 for #"),
        (f"sqlite:///{SECRET}#x.db", "%23 for #"),
        (f"https://example.com/#{SECRET}", "%23 for #"),
        ("smtp://mail#", "%23 for #"),
        (f"postgresql://jane:{SECRET}/x@db/accounts", "%2F for /"),
        (f"postgresql://jane:12/{SECRET}@db/accounts", "%2F for /"),
        (f"postgresql://jane:{SECRET}?x@db/accounts", "%3F for ?"),
        (f"postgresql://jane:p@{SECRET}/x@db/accounts", "%2F for /"),
        (f"postgresql://jane:{SECRET}%@db/accounts", "%25 for %"),
        (f"postgresql://jane:{SECRET}%zz@db/accounts", "%25 for %"),
        (f"postgresql://db/accounts?{SECRET}", "name=value"),
    ],
)
def test_what_has_to_be_percent_encoded_is_told(text: str, cure: str) -> None:
    """The cure names what to write, and the refusal none of what was written."""
    message = refusal_of(text)
    assert cure in message
    assert SECRET not in message


@pytest.mark.parametrize(
    "text",
    [
        "", SECRET, f"//{SECRET}", f"postgresql:{SECRET}", f"postgresql:/{SECRET}/x",
        f"1postgresql://{SECRET}", f"smtp://:{SECRET}@mail", f"smtp://j:{SECRET}\x00@mail",
        f"smtp://j:{SECRET}%00@mail", f"smtp://j:{SECRET}%ff@mail", f"smtp://j:{SECRET}\n@mail",
        f"smtp://j:{SECRET}\ud800@mail", f"smtp://{SECRET}:0", f"smtp://{SECRET}:65536",
        f"smtp://{SECRET}:x", f"smtp://{SECRET}:１２", f"smtp://{SECRET}:+25", f"smtp://[{SECRET}]",
        f"smtp://[::1]{SECRET}", f"smtp://[::1:{SECRET}", "smtp://1.2.3.400", "smtp://1.2.3",
        f"smtp://{SECRET} ", f"smtp://-{SECRET}", f"smtp://{SECRET}..x", f"smtp://{SECRET}\u00fc",
        f"smtp://{SECRET}\\x", f"smtp://m?{SECRET}=1&{SECRET}=2", f"smtp://m?=%20{SECRET}",
        "smtp://", "smtp://@", f"smtp://{'a' * 64}.example", f"smtp://{'a.' * 127}example",
    ],
)  # fmt: skip
def test_everything_else_is_refused_without_being_repeated(text: str) -> None:
    """LG-1."""
    assert SECRET not in refusal_of(text)


def _said_of(text: str) -> str:
    try:
        Url.parse(text).host_and_port()
    except ValueError as refused:
        return str(refused)
    return ""


@given(st.text(max_size=60))
def test_no_text_gets_more_than_a_refusal(text: str) -> None:
    """Whatever is written, the parser reads it or refuses it; it never fails."""
    for whole in (text, f"postgresql://jane:{text}@db/x", f"smtp://{text}", f"sqlite:///{text}"):
        said = _said_of(whole)
        assert len(text) < 5 or text not in said


@pytest.mark.parametrize(
    ("text", "parts"),
    [
        ("[::1]:5432", ("::1", 5432)),
        ("[::1]", ("::1", None)),
        ("[fe80::1%25eth0]", ("fe80::1%eth0", None)),
        ("127.0.0.1:1", ("127.0.0.1", 1)),
        ("DB.example.", ("db.example.", None)),
        ("my_db", ("my_db", None)),
        ("db:", ("db", None)),
    ],
)
def test_hosts(text: str, parts: tuple[str, int | None]) -> None:
    assert host_and_port(text) == parts


@pytest.mark.parametrize(
    ("host", "is_loopback"),
    [
        ("localhost", True), ("a.localhost", True), ("127.1.2.3", True), ("::1", True),
        ("[::1]", True), ("localhost.example", False), ("10.0.0.1", False), ("", False),
    ],
)  # fmt: skip
def test_this_machine(host: str, is_loopback: bool) -> None:
    assert is_loopback_host(host) is is_loopback
