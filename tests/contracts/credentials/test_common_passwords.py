"""What every list of common passwords promises (PW-4)."""

import pytest

from adapters.memory.credentials.hashing import CommonPasswordSet
from application.credentials.ports import CommonPasswords


@pytest.fixture(params=["memory", "wordlist"])
def common(request: pytest.FixtureRequest) -> CommonPasswords:
    if request.param == "memory":
        return CommonPasswordSet(["password", "123456", "qwerty", "LetMeIn"])
    from adapters.wordlist.common_passwords import ListedCommonPasswords

    return ListedCommonPasswords()


@pytest.mark.parametrize("password", ["password", "123456", "qwerty", "letmein"])
def test_common_passwords_are_known_in_lower_case(common: CommonPasswords, password: str) -> None:
    assert password in common


@pytest.mark.parametrize(
    "password", ["", "correct horse battery staple", "x7#kQ!pLm2vz", "\x00", "🙂" * 300]
)
def test_others_are_not(common: CommonPasswords, password: str) -> None:
    assert password not in common


def test_what_is_no_text_is_not_among_them(common: CommonPasswords) -> None:
    assert None not in common
    assert 123456 not in common
