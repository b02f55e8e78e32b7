"""What a user has shown, and the level that it reaches."""

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.assurance import Assurance, Evidence, Level, Method, NotEnoughShown

NOW = datetime(2026, 11, 28, 9, 30, tzinfo=UTC)
MINUTE = timedelta(minutes=1)
PWD, EMAIL, OTP, CODE = Method.PASSWORD, Method.EMAIL, Method.OTP, Method.RECOVERY_CODE
HARD, SOFT, DEVICE = Method.HARDWARE_KEY, Method.SOFTWARE_KEY, Method.DEVICE

evidences = st.builds(Evidence, st.frozensets(st.sampled_from(Method)), user_verified=st.booleans())


@pytest.mark.parametrize(
    ("shown", "acr", "amr"),
    [
        ([PWD], "aal1", "pwd"),
        ([EMAIL], "aal1", "email"),
        ([PWD, EMAIL], "aal1", "pwd email"),
        ([PWD, DEVICE], "aal1", "pwd device"),
        ([PWD, OTP], "aal2", "pwd otp mfa"),
        ([EMAIL, OTP], "aal2", "email otp mfa"),
        ([PWD, CODE], "aal2", "pwd rc mfa"),
        ([EMAIL, HARD], "aal2", "email hwk mfa"),
        ([PWD, HARD], "phr", "pwd hwk mfa"),
        ([PWD, SOFT], "phr", "pwd swk mfa"),
        ([PWD, OTP, SOFT], "phr", "pwd otp swk mfa"),
    ],
)
def test_each_combination_has_its_level_and_its_methods(
    shown: list[Method], acr: str, amr: str
) -> None:
    assurance = Assurance.by(Evidence.of(*shown), at=NOW)
    assert (assurance.acr.value, " ".join(assurance.amr), assurance.at) == (acr, amr, NOW)


@pytest.mark.parametrize("key", [HARD, SOFT])
def test_a_passkey_that_verified_its_user_needs_nothing_else(key: Method) -> None:
    assurance = Assurance.by(Evidence.of(key, user_verified=True), at=NOW)
    assert (assurance.acr, assurance.amr) == (Level.PHR, (key.value, "mfa"))


@pytest.mark.parametrize(
    "shown", [[], [OTP], [CODE], [DEVICE], [OTP, CODE, DEVICE], [HARD], [HARD, OTP]], ids=str
)
def test_a_second_factor_alone_names_no_user(shown: list[Method]) -> None:
    """A touch of a key shows that the key is there, and not whose hand it is in."""
    with pytest.raises(NotEnoughShown):
        Assurance.by(Evidence.of(*shown), at=NOW)


@given(shown=evidences, more=evidences)
def test_to_show_more_never_lowers_the_level(shown: Evidence, more: Evidence) -> None:
    both = Evidence(shown.methods | more.methods, shown.user_verified or more.user_verified)
    try:
        before = Assurance.by(shown, at=NOW)
    except NotEnoughShown:
        return
    assert Assurance.by(both, at=NOW).acr.reaches(before.acr)


@given(shown=evidences)
def test_above_the_first_level_there_are_always_two_factors(shown: Evidence) -> None:
    """A mailbox or a trusted device beside a password raises nothing."""
    try:
        assurance = Assurance.by(shown, at=NOW)
    except NotEnoughShown:
        return
    second = shown.methods & {OTP, CODE, HARD, SOFT}
    assert assurance.acr.reaches(Level.AAL2) == bool(second)
    assert ("mfa" in assurance.amr) == bool(second)
    assert set(assurance.amr) - {"mfa"} == {method.value for method in shown.methods}


def test_the_levels_stand_in_an_order() -> None:
    order = [Level.AAL1, Level.AAL2, Level.PHR]
    for place, level in enumerate(order):
        assert [level.reaches(wanted) for wanted in order] == [
            wanted_place <= place for wanted_place in range(3)
        ]


@given(shown=evidences, more=evidences)
def test_another_proof_in_a_session_never_lowers_its_level(shown: Evidence, more: Evidence) -> None:
    """MF-2: and always renews its time."""
    try:
        before = Assurance.by(shown, at=NOW)
    except NotEnoughShown:
        return
    after = before.raised_by(more, at=NOW + MINUTE)
    assert after.acr.reaches(before.acr)
    assert set(before.amr) <= set(after.amr)
    assert after.at == NOW + MINUTE


@pytest.mark.parametrize("more", [Evidence.of(OTP), Evidence.of(HARD), Evidence.of(CODE)], ids=str)
def test_a_session_of_a_newer_version_keeps_what_it_is(more: Evidence) -> None:
    """What was shown first is a word that this version does not know."""
    before = Assurance(Level.AAL1, ("retina",), NOW)
    assert before.raised_by(more, at=NOW + MINUTE) == Assurance(
        Level.AAL1, ("retina",), NOW + MINUTE
    )
