"""Which passwords are taken, and how they are read (PW-3, PW-4, PW-5)."""

import random
import unicodedata
from collections.abc import Callable

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from domain.credentials.password_policy import PasswordPolicy, PasswordRejected, normalise_password
from domain.email_address import EmailAddress
from tests.support.steps import steps

COMMON = frozenset({"password", "iloveyou", "qwerty", "letmein", "bond007", "1qaz2wsx", "@dmin"})
POLICY = PasswordPolicy(min_length=15, max_length=64, common=COMMON)
EMAIL = EmailAddress.parse("Marvin+shop@example.com")
GOOD = "walnut tangent ceiling"


def reasons(password: str, *, email: EmailAddress | None = None) -> list[str]:
    """Return the codes of all violations."""
    return [violation.code for violation in POLICY.violations(password, email=email)]


@pytest.mark.parametrize(
    "password",
    [
        GOOD,
        "only lower case words and no digits",
        "12 steps to the far lighthouse",
        "ключ под ковриком у двери",
        "密碼密碼在山上的房子裡面很大喔",
        "🦊🐢🦉🐝🦋🐌🐞🐜🦗🕷🦂🐍🦎🦖🦕",
        "  spaces  outside  count  ",
        "x" * 3 + "quixotic marmalade" + "!" * 30,
    ],
)
def test_any_long_and_uncommon_password_is_taken(password: str) -> None:
    """PW-3: any Unicode, spaces too; no class of characters is demanded."""
    assert reasons(normalise_password(password), email=EMAIL) == []
    POLICY.check(normalise_password(password), email=EMAIL)


def test_length_is_counted_in_code_points_and_both_ends_belong() -> None:
    """PW-3: neither bytes nor UTF-16 units; fourteen foxes are too few, sixty-four enough."""
    varied = "".join(chr(0x1F400 + (n * 7) % 60) for n in range(POLICY.max_length + 1))
    assert reasons(varied[:14]) == ["TOO_SHORT"]
    assert reasons(varied[:15]) == []
    assert reasons(varied[:64]) == []
    assert reasons(varied[:65]) == ["TOO_LONG"]


def test_a_password_that_differs_only_behind_byte_72_differs() -> None:
    """PW-3: nothing is cut."""
    head = GOOD * 5
    assert normalise_password(head + "a") != normalise_password(head + "b")
    assert normalise_password(head + "a") == head + "a"


@pytest.mark.parametrize(
    ("password", "codes"),
    [
        ("", ["TOO_SHORT"]),
        ("password", ["TOO_SHORT", "TOO_COMMON"]),
        ("walnut\0tangent ceiling", ["CONTROL_CHARACTER"]),
        ("walnut\ntangent ceiling", ["CONTROL_CHARACTER"]),
        ("walnut\x7ftangent ceiling", ["CONTROL_CHARACTER"]),
        ("walnut\ud800tangent ceiling", ["CONTROL_CHARACTER"]),
        ("a" * 20, ["TOO_COMMON"]),
        ("abcdefghijklmnopqrst", ["TOO_COMMON"]),
        ("tsrqponmlkjihgfedcba", ["TOO_COMMON"]),
        ("12345678901234567890", ["TOO_COMMON"]),
        ("09876543210987654321", ["TOO_COMMON"]),
        ("passwordpassword", ["TOO_COMMON"]),
        ("PasswordPassword", ["TOO_COMMON"]),
        ("P@ssw0rdP@ssw0rd", ["TOO_COMMON"]),
        ("password1234567!", ["TOO_COMMON"]),
        ("!!!!2026password", ["TOO_COMMON"]),
        ("qwertyqwertyqwer", ["TOO_COMMON"]),
        ("iloveyou!!!!!!!!", ["TOO_COMMON"]),
        ("letmein letmein ", ["TOO_COMMON"]),
        ("bond007bond007bond007", ["TOO_COMMON"]),
        ("bond0072026!!!!!", ["TOO_COMMON"]),
        ("1qaz2wsx1qaz2wsx", ["TOO_COMMON"]),
        ("!!!!!!!!!!!!!!!!", ["TOO_COMMON"]),
        ("my doorward password", ["CONTAINS_CONTEXT"]),
        ("the DoorWard password", ["CONTAINS_CONTEXT"]),
        ("paranoid MARVIN the robot", ["CONTAINS_CONTEXT"]),
        ("doorward\0", ["TOO_SHORT", "CONTROL_CHARACTER", "CONTAINS_CONTEXT"]),
        ("doorward\0" * 20, ["TOO_LONG"]),
    ],
)
def test_every_reason_is_named_at_once(password: str, codes: list[str]) -> None:
    """PW-3, PW-4: too short, too long, unprintable, common in any disguise, or about you."""
    assert reasons(password, email=EMAIL) == codes


def test_the_address_is_only_looked_for_if_it_is_known_and_long_enough() -> None:
    """PW-4: a local part of three letters would forbid too many words; a tag is no word."""
    assert reasons("paranoid marvin the robot") == []
    assert reasons("adages and adagios", email=EmailAddress.parse("ada@example.com")) == []
    assert reasons("the shop is closed now", email=EMAIL) == []


def test_the_refusal_says_why_and_where_and_not_what() -> None:
    """IN-4, LG-1: the password itself is in no message."""
    with pytest.raises(PasswordRejected) as refused:
        POLICY.check("hunter2", field="new_password")
    assert refused.value.code == "PASSWORD_REJECTED"
    assert [violation.field for violation in refused.value.details] == ["new_password"]
    assert "hunter2" not in f"{refused.value!r} {refused.value.details}"


@given(st.text(max_size=40))
@example("e\u0301 \u00a0\u3000\u2003 é")
def test_reading_a_password_again_changes_nothing(text: str) -> None:
    """PW-5: NFC with one kind of space, and idempotent."""
    once = normalise_password(text)
    assert normalise_password(once) == once
    assert unicodedata.is_normalized("NFC", once)
    assert not {c for c in once if unicodedata.category(c) == "Zs"} - {" "}


def test_two_keyboards_type_one_password() -> None:
    """PW-5: composed or not, and with whichever space."""
    assert normalise_password("cafe\u0301 noir") == normalise_password("café\u00a0noir")


def test_nothing_is_trimmed_folded_or_mapped() -> None:
    """PW-5, TK-2: case, outer spaces and compatibility forms all count."""
    for one, other in [("Key", "key"), (" key", "key"), ("key ", "key"), ("ﬁ", "fi"), ("①", "1")]:
        assert normalise_password(one) != normalise_password(other)


@given(st.text(max_size=POLICY.max_length + 5))
@example("0" * 30)
@example("!" * 64)
def test_the_verdict_is_the_same_each_time_and_never_a_crash(text: str) -> None:
    """IN-1: any text whatever is judged, and long repetitive ones in reasonable time."""
    assert reasons(text, email=EMAIL) == reasons(text, email=EMAIL)


@given(st.sampled_from(sorted(COMMON)), st.integers(1, 8), st.text("0123456789!?.", max_size=8))
def test_padding_and_repetition_hide_no_common_password(
    word: str, times: int, padding: str
) -> None:
    """PW-4: whatever surrounds it, it stays the word that is guessed first."""
    assert "TOO_COMMON" in reasons(word * times) or len(word * times) > POLICY.max_length
    assert "TOO_COMMON" in reasons(padding + word)
    assert "TOO_COMMON" in reasons(word + padding)


@pytest.mark.parametrize(
    "password",
    [
        "7315009942504359056782880250520660522643",
        "a7315009942504359056782880250520660522643",
        "731500994250435",
        "7315-0099-4250-4359",
        "3.14159265358979",
        "1987-05-23 1991-11-02",
        "+*?-!=.,#@_$ *#?=",
        "password7315009942504359056782880250520660522643",
        "hunter2 7315 0099 4250",
    ],
)
def test_digits_and_signs_alone_are_as_good_as_letters(password: str) -> None:
    """PW-3: no kind of character is demanded (NIST SP 800-63B); what is random is not common."""
    assert reasons(password) == []


def test_random_digits_and_signs_are_taken() -> None:
    """PW-3: what a password manager makes of digits, of signs, or of hexadecimal digits passes."""
    draw = random.Random(7)
    for alphabet in ("0123456789", "!?.,-_#*$@+= ", "0123456789abcdef", "!@#$%^&*()0123456789"):
        for length in (15, 16, 20, 40, 64):
            for _ in range(100):
                password = "".join(draw.choices(alphabet, k=length))
                assert reasons(password) == [], password


@pytest.mark.parametrize(
    "password",
    [
        "2026password2026!!!!",
        "password!@#$%^&*()",
        "&&&&&&password&&&&",
        "~~~~~~password~~~~~~",
        "----iloveyou----1999",
        "!passwordpassword2026",
        "letmein letmein letmein 1",
        "letmein-letmein-letmein",
        "qwerty123qwerty123qwerty",
        "aaaaaaaa2026!!!!",
        "1111111122222222",
        "0000000000000001",
        "1234567890!!!!!",
        "123456789012345!",
        "2026!!!!!!!!!!!!",
        "--- --- --- --- ---",
        "abcabcabcabcabc",
    ],
)
def test_trivial_decoration_hides_nothing(password: str) -> None:
    """PW-4: rows, years and a few signs are among the first to be tried around a common word."""
    assert reasons(password) == ["TOO_COMMON"]


@pytest.mark.parametrize(
    "password",
    [
        "qwertyuiopasdfgh",
        "qwertyuiopasdfghjklzxcvbnm",
        "QWERTYUIOPasdfghjkl",
        "poiuytrewqlkjhgfdsa",
        "asdfghjklqwertyuiop",
        "qazwsxedcrfvtgbyhn",
        "1qaz2wsx3edc4rfv5tgb",
        "!QAZ2wsx#EDC4rfv",
        "zaq12wsxcde34rfv",
        "1q2w3e4r5t6y7u8i",
        "q1w2e3r4t5y6u7i8o9",
        "qawsedrftgyhujik",
        "qwertyuiopasdfgh1!",
        "2026qwertyuiopasdfgh",
        "qwertzuiopasdfghj",
        "azertyuiopqsdfghjklm",
        "1234qwerasdfzxcv5678",
        "qweasdzxcrtyfghvbn",
    ],
)
def test_a_walk_over_the_keyboard_is_common(password: str) -> None:
    """PW-4: rows and columns of keys, in any order, as a row of digits is; no list has them all."""
    assert reasons(password) == ["TOO_COMMON"]


@pytest.mark.parametrize(
    "password",
    [
        "we were properly poor",
        "qwerty sits on my desk",
        "qwertyuiopasdfgh violet",
        "reedwertpoollkiuy",
        "treewqpoolsasdfer",
        "qazwsxmoonlitriver",
        "dressertypewriter",
        "1q2w3e violet kettle",
    ],
)
def test_keys_in_a_row_inside_of_a_longer_password_refuse_nothing(password: str) -> None:
    """PW-3: only what is such a walk from end to end."""
    assert reasons(password) == []


@pytest.mark.parametrize(
    "password",
    [
        "ｐａｓｓｗｏｒｄ１２３４５６７８",
        "ＰＡＳＳＷＯＲＤ！！！！２０２６",
        "𝐩𝐚𝐬𝐬𝐰𝐨𝐫𝐝𝟏𝟐𝟑𝟒𝟓𝟔𝟕𝟖",
        "ⓟⓐⓢⓢⓦⓞⓡⓓ①②③④⑤⑥⑦⑧",
        "ᵖᵃˢˢʷᵒʳᵈ¹²³⁴⁵⁶⁷⁸",
        "paſſwordpaſſword",
        "１２３４５６７８９０１２３４５",
        "ｑｗｅｒｔｙｕｉｏｐａｓｄｆｇ",
    ],
)
def test_another_form_of_the_same_characters_hides_nothing(password: str) -> None:
    """PW-4: compared by Unicode's compatibility (NFKC), though it is hashed as it was typed."""
    assert reasons(normalise_password(password)) == ["TOO_COMMON"]


def test_the_address_is_found_in_another_form() -> None:
    assert reasons("paranoid ｍａｒｖｉｎ the robot", email=EMAIL) == ["CONTAINS_CONTEXT"]


@pytest.mark.parametrize(
    "password",
    [
        "p a s s w o r d 1 2 3 4 5 6 7 8",
        "p-a-s-s-w-o-r-d-1-2-3",
        "p.a.s.s.w.o.r.d-1.2.3",
        "p  a  s  s  w  o  r  d",
        "ｐ　ａ　ｓ　ｓ　ｗ　ｏ　ｒ　ｄ",
        "P @ $ $ w 0 r d 2026",
        "p!a!s!s!w!o!r!d!1!2!3",
        "p\u200ba\u200bs\u200bs\u200bw\u200bo\u200br\u200bd",
        "p\u0336a\u0336s\u0336s\u0336w\u0336o\u0336r\u0336d\u0336",
        "p🔥a🔥s🔥s🔥w🔥o🔥r🔥d",
        "let me in 2026!!",
        "pass-word pass-word",
        "*** i-love-you ***",
        "1 2 3 4 5 6 7 8 9 0",
        "q w e r t y u i o p a s d f g h",
        "a a a a a a a a a a",
    ],
)
def test_what_stands_between_the_characters_hides_nothing(password: str) -> None:
    """PW-4: one or two separators, visible or not, are one more trivial choice."""
    assert reasons(normalise_password(password)) == ["TOO_COMMON"]


@pytest.mark.parametrize(
    "password",
    [
        "c o r r e c t horse",
        "p+a-s=s/w*o,r.d",
        "73 15 00 99 42 50 43",
        "12-34 56-78 90-12",
        "ひ ら が な と カ タ カ ナ",
        "न म स् ते दु नि या में",
        "\ufdfa\ufdfa walnut tangent",
    ],
)
def test_separators_alone_refuse_nothing(password: str) -> None:
    """PW-3: what is no known password without them, or has many kinds, is as good as any other."""
    assert reasons(normalise_password(password)) == []


@pytest.mark.parametrize("separator", [" ", "-", ""])
def test_a_passphrase_may_repeat_and_count(separator: str) -> None:
    """PW-3: a row or a repetition inside of a longer password refuses nothing."""
    for phrase in (
        ["walnut", "walnut", "ceiling"],
        ["walnut", "12345678", "ceiling"],
        ["aaaaaaaa", "ceiling", "aaaaaaaa"],
        ["ключ", "ключ", "дверь", "111"],
    ):
        assert reasons(separator.join(phrase)) == []


class _Asked:
    """A list of common passwords that counts how much text it was asked about."""

    def __init__(self) -> None:
        self.characters = 0

    def __contains__(self, password: object) -> bool:
        self.characters += len(str(password))
        return False


WORST: dict[str, Callable[[int], str]] = {
    "one b among a": lambda n: "a" * (n // 2 - 1) + "b" + "a" * (n // 2),
    "one 2 among 1": lambda n: "1" * (n // 2 - 1) + "2" + "1" * (n // 2),
    "digits": lambda n: "".join(random.Random(n).choices("0123456789", k=n)),
    "letters": lambda n: "".join(random.Random(n).choices("abcdefgh", k=n)),
    "five rows": lambda n: "".join(digit * (n // 5) for digit in "17304") + "a" * (n % 5),
    "six rows": lambda n: "".join(digit * (n // 6) for digit in "173048") + "b" * (n % 6),
    "a letter between rows": lambda n: "1" * (n // 2 - 8) + "73a0482" + "2" * (n // 2 + 1),
    "keys": lambda n: ("qwertyuiopasdfghjklzxcvbnm1q2w3e4r" * n)[: n - 1] + "q",
    "one key": lambda n: "q" * (n - 2) + "xq",
    "a period of many": lambda n: ("xq7" * n)[:n],
    "Fibonacci's word": lambda n: fibonacci_word(n),
    "marks": lambda n: ("e\u0323\u0301" * n)[:n],
    "spaced letters": lambda n: " ".join(random.Random(n).choices("abcdefgh", k=n // 2)) + " ",
    "spaced rows": lambda n: ("1 1 1 2 2 2 " * n)[: n - 1] + "3",
    "signs as letters and not": lambda n: "".join(random.Random(n).choices("@-a$b!", k=n)),
    "wide letters": lambda n: "".join(random.Random(n).choices("ａｂｃｄ １２", k=n)),
    "forms that stand for three": lambda n: "ﬃ" * n,
    "forms that stand for many": lambda n: "\ufdfa" * n,
}


def fibonacci_word(length: int) -> str:
    """Return the word with the most borders that is no plain repetition."""
    one, other = "b", "a"
    while len(other) < length:
        one, other = other, other + one
    return other[:length]


@pytest.mark.parametrize("shape", WORST.values(), ids=WORST)
def test_a_verdict_takes_steps_in_proportion_to_the_length(shape: Callable[[int], str]) -> None:
    """PW-4, IN-2: counted, from the default's longest password to the longest ever allowed."""
    taken: dict[int, int] = {}
    for length in (256, 1024, 4096):
        asked = _Asked()
        policy = PasswordPolicy(min_length=15, max_length=4096, common=asked)
        password = shape(length)
        assert len(password) == length
        taken[length] = steps(lambda: policy.violations(password, email=EMAIL))  # noqa: B023
        taken[length] += asked.characters
    fixed = 500_000  # what the pieces of at most 32 characters can take, at any length
    assert taken[4096] <= 500 * 4096 + fixed
    assert taken[1024] <= 500 * 1024 + fixed
    assert taken[4096] - taken[1024] <= 1.2 * 4 * max(taken[1024] - taken[256], 500)
