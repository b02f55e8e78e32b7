"""The list of common passwords, and what the domain's policy makes of it."""

import hashlib
import itertools
import random
from pathlib import Path

import pytest

from adapters.wordlist import common_passwords
from adapters.wordlist.common_passwords import ListedCommonPasswords
from domain.credentials.password_policy import PasswordPolicy

COMMON = ListedCommonPasswords()
LIST = Path(common_passwords.__file__).with_name("common_passwords.txt").read_bytes()
WORDS = LIST.decode().split()
LENGTHS = (8, 15)

_WORDS = """
abacus acrobat afar alibi amaze anthill apricot ashtray autumn badge bagel bamboo basin beehive
blender bonfire borrow breeze bucket bungee cactus camper canopy carbon cashew cedar chisel chute
cinema clover cobalt comet copper cradle crayon cricket cupcake cymbal dagger dander deluge denim
diner dolphin donut dowel dragonfly drizzle dusk eaten eclipse elbow ember emu errand exhale fable
falcon ferment fiddle figment flannel fossil fresco frisbee fungus galley gazelle geyser giblet
glacier gopher granite gravel grotto gumdrop gurgle hacksaw hamlet harbor haystack hermit hubcap
iguana imprint inkling irrigate ivory jackal jargon jersey jigsaw juniper kayak kettle kindle
"""


def policy(length: int) -> PasswordPolicy:
    return PasswordPolicy(min_length=length, max_length=256, common=COMMON)


def refusals(password: str, length: int) -> set[str]:
    return {violation.code for violation in policy(length).violations(password)}


def lengthened(word: str, length: int) -> dict[str, str]:
    """
    Bring a password to the length that a policy asks for, in the ways that people do.
    """
    missing = max(length - len(word), 0)
    counted = ("1234567890" * length)[:missing]
    ways = {
        "repeated with a dash": "-".join([word] * -(-length // len(word))),
        "repeated": (word * length)[: max(length, len(word))],
        "repeated whole": word * -(-length // len(word)),
        "counted up": word + counted,
        "counted before": counted + word,
        "ones behind": word + "1" * missing,
        "zeros behind": word + "0" * missing,
        "exclamation marks": word + "!" * missing,
        "digits around": counted[: missing // 2] + word + counted[missing // 2 :],
        "capital": word.capitalize() + counted,
        "shouted": word.upper() + "1" * missing,
    }
    if word.isalpha():
        ways["in leet"] = word.translate(str.maketrans("oea", "03@")) + "!" * missing
    return {way: text for way, text in ways.items() if len(text) >= length}


def most_common(count: int) -> list[str]:
    """
    Return the first of the list, in its own order.
    """
    return LIST.decode("ascii").split("\n")[:count]


def test_the_list_is_the_one_that_it_is_said_to_be() -> None:
    """PW-4: at least 3,000 are asked for, and 30,000 are there; a lost one would not be missed."""
    said = Path(common_passwords.__file__).with_name("README.md").read_text(encoding="utf-8")
    digest = "a9746c337c6c07a0e439d492a5e15238e799eff05ec52d60f6a4b3dfdc893265"
    assert hashlib.sha256(LIST).hexdigest() == digest
    assert digest in said
    assert "30,000 passwords" in said


def test_every_line_of_the_list_is_one_common_password() -> None:
    words = LIST.decode("ascii").split("\n")
    assert words.pop() == "", "the last line ends as every other"
    assert len(words) == len(set(words)) == 30_000
    assert all(word in COMMON for word in words)


@pytest.mark.parametrize("word", ["123456", "password", "qwerty", "iloveyou", "letmein"])
def test_the_best_known_are_there(word: str) -> None:
    assert word in COMMON


@pytest.mark.parametrize("other", ["correct-horse-battery-staple", "", None, 123456, b"password"])
def test_others_are_not(other: object) -> None:
    assert other not in COMMON


def test_all_are_lower_case() -> None:
    """The port asks for lower case: the policy folds before it looks."""
    assert all(word == word.lower() for word in WORDS)


def test_each_of_them_is_known_and_no_piece_or_pair_of_them_is_taken_for_one() -> None:
    """They are kept as lines of text: one is a whole line, and never two."""
    alike = [word for word in WORDS if word.startswith("pa")]
    assert not any(f"{one}\n{other}" in COMMON for one, other in itertools.pairwise(alike))
    assert not any(f"\n{word}" in COMMON or f"{word}\n" in COMMON for word in alike)
    known = set(WORDS)
    cut = {word[:-1] for word in alike} | {word[1:] for word in alike}
    assert not any(piece in COMMON for piece in cut - known)


def test_nothing_is_read_before_the_first_question(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """
    Start-up does not pay for the list, and later questions do not pay for it again.
    """
    file = tmp_path / "list.txt"
    monkeypatch.setattr(common_passwords, "_LIST", file)
    fresh = ListedCommonPasswords()
    file.write_text("first\nsecond\n", encoding="ascii")
    assert "first" in fresh
    file.unlink()
    assert "second" in fresh


@pytest.mark.parametrize("length", LENGTHS)
def test_3000_common_passwords_stay_refused_however_they_are_lengthened(length: int) -> None:
    """PW-4: a list of short passwords would be no obstacle where fifteen characters are asked."""
    accepted = {
        (word, way): text
        for word in most_common(3000)
        for way, text in lengthened(word, length).items()
        if "TOO_COMMON" not in refusals(text, length)
    }
    assert not accepted


@pytest.mark.parametrize("length", LENGTHS)
@pytest.mark.parametrize(
    "obvious",
    ["aaaaaaaaaaaaaaaa", "123456789012345678", "9876543210987654", "abcdefghijklmnop",
     "Password12345678", "P@ssw0rd!!!!!!!!!!", "passwordpassword", "qwertyqwertyqwerty",
     "                ", "!!!!!!!!!!!!!!!!"],
)  # fmt: skip
def test_obvious_passwords_are_refused(obvious: str, length: int) -> None:
    """PW-4."""
    assert "TOO_COMMON" in refusals(obvious, length)


@pytest.mark.parametrize("separator", ["-", " ", "", "."])
def test_passphrases_of_four_random_words_are_accepted(separator: str) -> None:
    """PW-3: what NIST and ASVS want people to use passes."""
    draw = random.Random(7)
    for _ in range(500):
        words = draw.sample(WORDS, 4)
        for phrase in (separator.join(words), separator.join(words).title()):
            assert refusals(phrase, 15) - {"TOO_SHORT"} == set(), phrase


def test_random_passwords_are_accepted() -> None:
    """PW-3: what a password manager makes passes."""
    draw = random.Random(7)
    letters = [chr(code) for code in range(33, 127)]
    for length, _ in itertools.product((15, 20, 64, 256), range(200)):
        password = "".join(draw.choices(letters, k=length))
        assert refusals(password, 15) == set(), password
