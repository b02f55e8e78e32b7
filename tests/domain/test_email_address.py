"""One mailbox has one key, and what is no mailbox has none (AT-3, AT-10)."""

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from domain.email_address import MAX_ADDRESS, MAX_LOCAL_PART, EmailAddress
from domain.errors import ValidationFailed
from domain.idna import MAX_LABEL
from tests.domain.samples import refusal_of
from tests.support.steps import steps

ATOM = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789!#$%&'*+/=?^_`{|}~-"
local_parts = st.lists(st.text(ATOM, min_size=1, max_size=12), min_size=1, max_size=3).map(".".join)
ascii_labels = st.from_regex(r"[a-zA-Z0-9]([a-zA-Z0-9-]{0,10}[a-zA-Z0-9])?", fullmatch=True)
letters = st.characters(categories=["Ll", "Lu", "Lo", "Nd"])
unicode_labels = st.text(letters, min_size=1, max_size=8)
domains = st.tuples(
    st.lists(ascii_labels | unicode_labels, min_size=1, max_size=3),
    st.sampled_from(["com", "DE", "рф", "example"]),
).map(lambda parts: ".".join([*parts[0], parts[1]]))


def addressed(text: str) -> EmailAddress | None:
    """Return the address, or None if the text is refused."""
    try:
        return EmailAddress.parse(text)
    except ValidationFailed:
        return None


@given(st.text(max_size=80) | st.tuples(local_parts, domains).map("@".join))
@example("a@b@example.com")
@example("ada@xn--0.com")
@example("ada@xn--99999999999.com")
@example("ada@\ud800.com")
def test_any_text_is_an_address_or_refused(text: str) -> None:
    """IN-1: nothing but ValidationFailed comes out, and what comes through is plain ASCII."""
    address = addressed(text)
    if address is not None:
        assert address.value.isascii()
        assert address.value.isprintable()
        assert address.value.count("@") == 1
        assert not set(address.value) & set(' ,;:<>()[]"\\\r\n\t\0')


@given(local_parts, domains)
def test_reading_an_address_again_changes_nothing(local_part: str, domain: str) -> None:
    """AT-10: validation comes after normalisation, so its result is accepted as it stands."""
    address = addressed(f"{local_part}@{domain}")
    if address is not None:
        assert EmailAddress.parse(address.value) == address
        assert EmailAddress.parse(address.key).key == address.key
        assert str(address) == address.value


@given(local_parts, ascii_labels)
def test_case_makes_no_second_mailbox(local_part: str, label: str) -> None:
    """AT-10: the key is the same in every case, and the owner's spelling is kept beside it."""
    spellings = [f"{local_part}@{label}.com", f"{local_part.swapcase()}@{label.swapcase()}.COM"]
    addresses = [address for text in spellings if (address := addressed(text)) is not None]
    assert len(addresses) in (0, 2)
    if addresses:
        assert addresses[0].key == addresses[1].key == addresses[0].key.lower()
        assert addresses[0].value == f"{local_part}@{label.lower()}.com"
        assert addresses[0].local_part == local_part.lower()
        assert addresses[0].key == f"{local_part.lower()}@{label.lower()}.com"


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("ada@straße.example", "ada@strasse.example"),
        ("ada@faß.de", "ada@fass.de"),
        ("ada@βόλος.com", "ada@βόλοσ.com"),
        ("ada+tag@example.com", "ada@example.com"),
        ("a.da@example.com", "ada@example.com"),
        ("ada@example.com", "ada@example.com.example.com"),
        ("ada@example.com", "ada@еxample.com"),  # the second begins with a Cyrillic letter
    ],
)
def test_what_differs_stays_different(one: str, other: str) -> None:
    """AT-10: IDNA 2003 makes one mailbox of ß and ss; IDNA 2008 and we do not."""
    assert EmailAddress.parse(one).key != EmailAddress.parse(other).key


@pytest.mark.parametrize(
    ("written", "key"),
    [
        ("Ada@Example.COM", "ada@example.com"),
        ("ada@STRASSE.example", "ada@strasse.example"),
        ("ada@straße.example", "ada@xn--strae-oqa.example"),
        ("ada@STRAẞE.example", "ada@xn--strae-oqa.example"),
        ("ada@bücher.example", "ada@xn--bcher-kva.example"),
        ("ada@BÜCHER.example", "ada@xn--bcher-kva.example"),
        ("ada@bu\u0308cher.example", "ada@xn--bcher-kva.example"),
        ("ada@XN--BCHER-KVA.example", "ada@xn--bcher-kva.example"),
        ("ada@почта.рф", "ada@xn--80a1acny.xn--p1ai"),
        ("ada@例え.jp", "ada@xn--r8jz45g.jp"),
        ("o'brien+x/y=z@sub.example.com", "o'brien+x/y=z@sub.example.com"),
    ],
)
def test_every_spelling_of_a_domain_has_one_key(written: str, key: str) -> None:
    """AT-10: domains become lower-case A-labels, however they are typed."""
    assert EmailAddress.parse(written).key == key


@given(unicode_labels)
@example("faß")
@example("ひらがな")
def test_an_a_label_is_the_same_domain_as_what_it_stands_for(label: str) -> None:
    """AT-10: the A-label that we make is the one that we read back."""
    address = addressed(f"ada@{label}.com")
    if address is not None:
        a_label = address.key.removeprefix("ada@").removesuffix(".com")
        assert EmailAddress.parse(f"ada@{a_label.upper()}.com") == address
        if a_label.startswith("xn--"):
            decoded = a_label.removeprefix("xn--").encode().decode("punycode")
            assert EmailAddress.parse(f"ada@{decoded}.com") == address


REFUSED = {
    "nothing": "",
    "no at": "ada.example.com",
    "no local part": "@example.com",
    "no domain": "ada@",
    "one label": "ada@localhost",
    "two ats": "ada@evil.com@example.com",
    "quoted": '"ada"@example.com',
    "comment": "ada(x)@example.com",
    "display name": "Ada <ada@example.com>",
    "comma": "ada@example.com,eve@evil.com",
    "semicolon": "ada@example.com;eve@evil.com",
    "space within": "ada lovelace@example.com",
    "space before": " ada@example.com",
    "space behind": "ada@example.com ",
    "newline": "ada@example.com\n",
    "header": "ada@example.com\r\nBcc: eve@evil.com",
    "header before the at": "ada\r\nBcc:eve@example.com",
    "percent-encoded at": "ada%40evil.com",
    "nul": "ada\0@example.com",
    "nul in the domain": "ada@exam\0ple.com",
    "escape": "ada\x1b[2J@example.com",
    "bidi": "ada\u202e@example.com",
    "soft hyphen": "ada@exam\u00adple.com",
    "zero-width space": "ada@exam\u200bple.com",
    "dot first": ".ada@example.com",
    "dot last": "ada.@example.com",
    "two dots": "a..da@example.com",
    "domain with dot first": "ada@.example.com",
    "domain with dot last": "ada@example.com.",
    "domain with two dots": "ada@example..com",
    "ideographic full stop": "ada@example。com",
    "hyphen first": "ada@-example.com",
    "hyphen last": "ada@example-.com",
    "unicode hyphen first": "ada@-bücher.com",
    "unicode hyphen last": "ada@bücher-.com",
    "underscore": "ada@exa_mple.com",
    "slash": "ada@example.com/x",
    "literal": "ada@[127.0.0.1]",
    "address of a machine": "ada@127.0.0.1",
    "digits last": "ada@example.123",
    "port": "ada@example.com:25",
    "fullwidth letters": "ada@ｅxample.com",
    "fullwidth at": "ada＠example.com",
    "fullwidth local part": "ａda@example.com",
    "letters outside ASCII": "adä@example.com",
    "ligature": "ada@ﬁre.com",
    "emoji": "ada@💩.com",
    "surrogate": "ada@\ud800.com",
    "A-label of nothing": "ada@xn--.com",
    "A-label of plain letters": "ada@xn--abc-.com",
    "A-label that is none": "ada@xn--\N{DIGIT ZERO}\N{DIGIT ZERO}!.com",
    "A-label that does not decode": "ada@xn--99999999999.com",
    "A-label of capital letters": "ada@xn--bcher-2pa.com",
    "other prefix": "ada@ab--cd.com",
    "long local part": "a" * (MAX_LOCAL_PART + 1) + "@example.com",
    "long label": "ada@" + "a" * (MAX_LABEL + 1) + ".com",
    "long A-label": "ada@" + "ü" * MAX_LABEL + ".com",
    "long address": "ada@" + "aaaaaaaaa." * 25 + "com",
}


@pytest.mark.parametrize("text", REFUSED.values(), ids=REFUSED)
def test_what_is_no_mailbox_is_refused(text: str) -> None:
    """AT-3, AT-10: separators, CRLF, look-alikes and half addresses never become a mailbox."""
    assert refusal_of(lambda: EmailAddress.parse(text)) == ("email", "INVALID_EMAIL")


def test_the_refusal_names_the_field_and_not_the_value() -> None:
    """IN-4: what was typed is not said back."""
    with pytest.raises(ValidationFailed) as refused:
        EmailAddress.parse("hunter2 is my password", field="new_email")
    assert refused.value.details[0].field == "new_email"
    assert "hunter2" not in f"{refused.value} {refused.value.details}"


def test_the_longest_parts_are_taken() -> None:
    """The limits are RFC 5321's, to the character."""
    assert addressed("a" * MAX_LOCAL_PART + "@example.com")
    assert addressed("ada@" + "a" * MAX_LABEL + ".com")
    longest = "a" * 50 + "@" + ".".join(["b" * 49] * 4) + ".com"
    assert len(longest) == MAX_ADDRESS
    assert addressed(longest)
    assert not addressed("a" + longest)


def test_a_very_long_domain_is_refused_without_long_thought() -> None:
    """PW-2, IN-2: Punycode takes quadratic time, so the length is looked at first."""
    taken = {}
    for length in (1000, 8000):
        text = "ada@" + "".join(chr(0x4E00 + n) for n in range(length)) + ".com"
        taken[length] = steps(lambda: addressed(text))  # noqa: B023
        assert not addressed(text)
    assert taken[8000] <= 10 * taken[1000]
