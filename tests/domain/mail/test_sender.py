"""The mailbox that mail comes from, as operators write it."""

import pytest

from domain.mail.sender import MAX_NAME, Sender


@pytest.mark.parametrize(
    ("text", "name", "address"),
    [
        ("id@example.org", None, "id@example.org"),
        ("no-reply@localhost", None, "no-reply@localhost"),
        ("<id@example.org>", None, "id@example.org"),
        ("Doorward <id@example.org>", "Doorward", "id@example.org"),
        ("  Doorward   <id@Example.ORG> ", "Doorward", "id@example.org"),
        ("Doorward: Accounts <id@example.org>", "Doorward: Accounts", "id@example.org"),
        ('"Doorward: Accounts" <id@example.org>', "Doorward: Accounts", "id@example.org"),
        (r'"A \"B\" \\ C" <id@example.org>', r'A "B" \ C', "id@example.org"),
        ('"<x@y.example>, Z" <id@example.org>', "<x@y.example>, Z", "id@example.org"),
        ('Ada "the" Countess <id@example.org>', 'Ada "the" Countess', "id@example.org"),
        ("Ada @ home <id@example.org>", "Ada @ home", "id@example.org"),
        ('"" <id@example.org>', None, "id@example.org"),
        ("Tu\u0308r <id@bu\u0308cher.example>", "Tür", "id@xn--bcher-kva.example"),
        ("id@BÜCHER.example", None, "id@xn--bcher-kva.example"),
        ("id@xn--bcher-kva.example", None, "id@xn--bcher-kva.example"),
        ("=?utf-8?q?T=C3=BCr?= <id@example.org>", "Tür", "id@example.org"),
        ("x" * MAX_NAME + " <id@example.org>", "x" * MAX_NAME, "id@example.org"),
    ],
    ids=ascii,
)
def test_one_mailbox_and_its_name(text: str, name: str | None, address: str) -> None:
    """OP-2: with quotes or without, and an international domain as A-labels."""
    sender = Sender.parse(text)
    assert (sender.name, sender.address) == (name, address)
    assert sender.domain == address.partition("@")[2]


@pytest.mark.parametrize(
    "text",
    [
        "", "nobody", "@example.org", "id@", "Name <>", "Name <id@example.org",
        "a@b.example, c@d.example",
        "A <a@b.example>, C <c@d.example>", "a@b.example, C <c@d.example>", "Team: a@b.example;",
        "id@ex ample.org", "id@example..org", "id@-example.org", "id@127.0.0.1", "id@exa_mple.org",
        '"a b"@example.org', "a..b@example.org", "id@xn--zz.example", "id@example.org (Name)",
        "X\r\nBcc: a@b.example <id@example.org>", "X\x00 <id@example.org>",
        "X\u202e <id@example.org>",
        "=?utf-8?q?a=0D=0ABcc?= <id@example.org>", "=?nope?q?a?= <id@example.org>",
        "jane@hunter2℀.example", "id@example.org:25", "x" * 201 + " <id@example.org>",
        "x" * 65 + "@example.org", "Name <jané@example.org>", "jané@example.org",
    ],
    ids=ascii,
)  # fmt: skip
def test_what_is_no_mailbox_is_refused_without_repeating_it(text: str) -> None:
    """AT-3, LG-1: and the reason says what to write."""
    with pytest.raises(
        ValueError, match=r"mailbox|control|local part|decoded|more than"
    ) as refusal:
        Sender.parse(text)
    assert not any(part in str(refusal.value) for part in ("example", "hunter2", "jan", "Bcc"))


def test_a_local_part_outside_ascii_has_a_reason_of_its_own() -> None:
    with pytest.raises(ValueError, match="local part that is not ASCII"):
        Sender.parse("Jané <jané@example.org>")
