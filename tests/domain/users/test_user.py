"""The life of an account, one method at a time (AT-7, AT-9, RF-4)."""

import unicodedata
from dataclasses import fields

import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.assurance import Level
from domain.errors import ValidationFailed
from domain.principal import ADMINISTRATOR, USER, Authority, Permission
from domain.users.display_name import MAX_DISPLAY_NAME, normalise_display_name
from domain.users.user import (
    MAX_REASON,
    EmailNotVerified,
    User,
    UserIsSuspended,
    UserStatus,
)
from tests.domain.samples import BOB, HOUR, NOW, a_user, entropy_from, refusal_of


def changed(user: User, before: dict[str, object]) -> set[str]:
    """Return the names of the fields that are not what they were."""
    return {name for name, value in before.items() if getattr(user, name) != value}


def state(user: User) -> dict[str, object]:
    """Return every field."""
    return {field.name: getattr(user, field.name) for field in fields(user)}


def test_a_new_user_is_unverified_and_may_do_nothing() -> None:
    """AT-7, AT-9: sign-up gives a role without a right, and no proof of anything."""
    user, event = User.register(email=BOB, display_name=" Bob ", now=NOW, entropy=entropy_from())
    assert user.status is UserStatus.UNVERIFIED
    assert not user.is_verified
    assert user.roles == {USER}
    assert user.display_name == "Bob"
    assert user.suspended_at is user.last_signed_in_at is user.email_verified_at is None
    assert (event.user_id, event.occurred_at, event.name) == (user.id, NOW, "user.registered")


def test_an_address_is_proven_once() -> None:
    user = a_user()
    event = user.verify_email(now=NOW + HOUR)
    assert event is not None
    assert (user.status, user.email_verified_at) == (UserStatus.ACTIVE, NOW + HOUR)
    before = state(user)
    assert user.verify_email(now=NOW + 2 * HOUR) is None
    assert changed(user, before) == set()


def test_a_suspension_hides_the_status_and_gives_it_back() -> None:
    user = a_user()
    user.verify_email(now=NOW)
    event = user.suspend(" spam ", now=NOW + HOUR)
    assert event is not None
    assert (user.status, user.suspension_reason) == (UserStatus.SUSPENDED, "spam")
    before = state(user)
    assert user.suspend("more spam", now=NOW + 2 * HOUR) is None
    assert changed(user, before) == set()
    assert user.reinstate(now=NOW + 3 * HOUR) is not None
    assert (user.status, user.suspended_at, user.suspension_reason) == (
        UserStatus.ACTIVE,
        None,
        None,
    )
    before = state(user)
    assert user.reinstate(now=NOW + 4 * HOUR) is None
    assert changed(user, before) == set()


@pytest.mark.parametrize("reason", ["", "   ", "\n", "x" * (MAX_REASON + 1)])
def test_a_suspension_needs_a_reason(reason: str) -> None:
    """LG-3: a later reader of the trail wants to know why."""
    user = a_user()
    assert refusal_of(lambda: user.suspend(reason, now=NOW)) == ("reason", "INVALID_LENGTH")
    assert user.suspended_at is None
    user.suspend("x" * MAX_REASON, now=NOW)


def test_which_users_may_sign_in() -> None:
    """RF-4, AT-7: no suspended user, and no unproven one where a proof is asked for."""
    user = a_user()
    user.ensure_may_sign_in(verified_only=False)
    with pytest.raises(EmailNotVerified):
        user.ensure_may_sign_in(verified_only=True)
    user.verify_email(now=NOW)
    user.ensure_may_sign_in(verified_only=True)
    user.suspend("spam", now=NOW)
    for verified_only in (True, False):
        with pytest.raises(UserIsSuspended):
            user.ensure_may_sign_in(verified_only=verified_only)


def test_a_changed_address_is_a_proven_one() -> None:
    """AT-8: the user has just proven the new mailbox."""
    user = a_user()
    event = user.change_email(BOB, now=NOW + HOUR)
    assert (user.email, user.email_verified_at) == (BOB, NOW + HOUR)
    assert event.name == "email.changed"


def test_a_role_is_given_once() -> None:
    user = a_user()
    event = user.grant(ADMINISTRATOR, now=NOW + HOUR)
    assert event is not None
    assert event.role == "administrator"
    assert user.roles == {"user", "administrator"}
    before = state(user)
    assert user.grant(ADMINISTRATOR, now=NOW + 2 * HOUR) is None
    assert changed(user, before) == set()


def test_a_users_authority_is_what_the_roles_give_and_from_which_level_on() -> None:
    """MF-2: that of the built-in role comes from a setting, and only to who has it."""
    given = frozenset({Permission("orders:refund")})
    user = a_user()
    user.defined_permissions = given
    for level in (None, Level.PHR):
        assert user.authority(administrator=level) == Authority(user.roles, given)
    user.grant(ADMINISTRATOR, now=NOW)
    assert user.authority(administrator=None) == Authority(user.roles, given)
    guarded = user.authority(administrator=Level.PHR)
    assert guarded.guards.roles == {ADMINISTRATOR: Level.PHR}
    assert guarded.at(Level.AAL2) == Authority(frozenset({USER}), given, guarded.guards)
    assert user.may(Permission("users:write"))


def test_a_new_name_changes_the_name_and_nothing_else() -> None:
    """AT-9: this is all that a user may say of themselves."""
    user = a_user(name="Ada")
    before = state(user)
    assert user.rename("Countess Ada", now=NOW + HOUR) is not None
    assert changed(user, before) == {"display_name", "updated_at"}
    before = state(user)
    assert user.rename(" Countess Ada ", now=NOW + 2 * HOUR) is None
    assert changed(user, before) == set()
    assert user.rename("", now=NOW + 3 * HOUR) is not None
    assert user.display_name is None


def test_a_refused_name_changes_nothing() -> None:
    user = a_user()
    before = state(user)
    with pytest.raises(ValidationFailed):
        user.rename("a\nb", now=NOW + HOUR)
    assert changed(user, before) == set()


def test_other_changes_are_noted_by_their_time() -> None:
    """RF-4: the save that follows is what stops a running sign-in."""
    user = a_user()
    user.credentials_changed(now=NOW + HOUR)
    assert user.updated_at == NOW + HOUR
    assert user.erase(now=NOW).name == "user.erased"


@pytest.mark.parametrize(
    ("text", "name"),
    [
        (None, None),
        ("", None),
        ("   ", None),
        ("Ada", "Ada"),
        ("  Ada Lovelace ", "Ada Lovelace"),
        ("Jose\u0301", "José"),
        ("<b>Ada</b> & 'co'", "<b>Ada</b> & 'co'"),
        ("阿達", "阿達"),
        ("👩\u200d🔬", "👩\u200d🔬"),
        ("می\u200cخواهم", "می\u200cخواهم"),
        ("x" * MAX_DISPLAY_NAME, "x" * MAX_DISPLAY_NAME),
        ("e\u0301" * MAX_DISPLAY_NAME, "é" * MAX_DISPLAY_NAME),
    ],
)
def test_names_are_kept_as_people_write_them(text: str | None, name: str | None) -> None:
    """OP-2: nothing is escaped here; that is done where a name is shown."""
    assert normalise_display_name(text) == name


@pytest.mark.parametrize(
    "character",
    ["\n", "\r", "\0", "\x1b", "\t", "\x7f", "\x85", "\u2028", "\u2029", "\u202e", "\u2066",
     "\u200b", "\u200e", "\ufeff", "\u00ad", "\ud800", "\U000e0041",
     "\ufffe", "\uffff", "\ufdd0", "\ufdef", "\U0001fffe", "\U0010ffff",
     "\u2065", "\ufff0", "\ufff8", "\U000e0000", "\U000e0fff"],
    ids=lambda c: f"U+{ord(c):04X}",
)  # fmt: skip
def test_a_name_starts_no_line_and_turns_no_text(character: str) -> None:
    """LG-2, OP-2: control, direction, invisible, half and no characters are refused."""
    name = f"Ada{character}Lovelace"
    assert refusal_of(lambda: normalise_display_name(name)) == (
        "display_name",
        "CONTROL_CHARACTER",
    )


FLAGS = ["\U0001f3f4" + "".join(chr(0xE0000 + ord(c)) for c in region) + "\U000e007f"
         for region in ("gbeng", "gbsct", "gbwls", "ustx", "fr75")]  # fmt: skip


@pytest.mark.parametrize("flag", FLAGS)
def test_a_flag_of_a_region_may_stand_in_a_name(flag: str) -> None:
    """OP-2: tag characters are invisible, and this is what they are for (UTS #51)."""
    assert normalise_display_name(f"Ada {flag}") == f"Ada {flag}"
    assert normalise_display_name(flag) == flag
    assert normalise_display_name(flag * 3) == flag * 3


@pytest.mark.parametrize(
    "name",
    [
        "Ada" + FLAGS[0][1:],  # no flag to stand on
        "Ada " + FLAGS[0][:-1],  # no end
        "Ada \U0001f3f4\U000e007f",
        "Ada \U0001f3f4\U000e0067\U000e0062\U000e007f",
        "Ada " + FLAGS[0][:-1] + "\U000e0061\U000e0062" + FLAGS[0][-1],
        "Ada " + "\U0001f3f4" + "".join(chr(0xE0000 + ord(c)) for c in "Hi !") + "\U000e007f",
        "Ada \U0001f600" + FLAGS[0][1:],
    ],
)
def test_tag_characters_hide_no_text_in_a_name(name: str) -> None:
    assert refusal_of(lambda: normalise_display_name(name)) == (
        "display_name",
        "CONTROL_CHARACTER",
    )


INVISIBLE = {
    "spaces": " \u00a0\u3000\u2003",
    "a zero-width space": "\u200b",
    "joiners": "\u200d\u200c\u200d",
    "a direction": "\u202e\u2066",
    "a soft hyphen": "\u00ad",
    "a byte-order mark": "\ufeff",
    "variation selectors": "\ufe0f\ufe0e\U000e0100",
    "Hangul fillers": "\u3164\u115f\u1160\uffa0",
    "blank Braille": "\u2800",
    "a mark alone": "\u0301",
    "many marks": "\u0301\u20e3\u093e",
    "a grapheme joiner": "\u034f",
    "Khmer's inherent vowels": "\u17b4\u17b5",
    "tags": "\U000e0067\U000e007f",
    "a note without a head": "\U0001d159",
    "noncharacters": "\ufffe",
    "noncharacters of Arabic's block": "\ufdd0\ufdef",
    "noncharacters of other planes": "\U0001ffff\U0010fffe",
    "private characters": "\ue000\uf8ff \U000f0000\U0010fffd",
    "ignored code points": "\u2065\ufff0\U000e0fff",
    "an object's place": "\ufffc",
    "blank hieroglyphs": "\U00013441\U00013442",
    "a bit of all": " \ufdd0\ue000\u200d\u3164\u2800\ufe0f \u0301",
}


@pytest.mark.parametrize("text", INVISIBLE.values(), ids=INVISIBLE)
def test_a_name_that_shows_nothing_is_none(text: str) -> None:
    """OP-2: other users would see a gap, and take what stands behind it for the name."""
    assert normalise_display_name(text) is None


@pytest.mark.parametrize(
    "name",
    ["é", "ᄒ", "가", "한\u200d", "नमस्ते", "क्\u200dष", "👨\u200d👩\u200d👧", "❤\ufe0f", "⠁", "۩",
     "x\u0301", "نامه\u200cای", ".", "-", "1", "𝄞", "漢\U000e0100", "Ada \uf8ff",
     "\u0378", "\U0001faff"],
)  # fmt: skip
def test_a_name_that_shows_anything_is_one(name: str) -> None:
    """OP-2: no script is left out, no emoji that is put together, and none of a newer Unicode."""
    assert normalise_display_name(name) == unicodedata.normalize("NFC", name)


def test_a_name_has_an_end() -> None:
    text = "x" * (MAX_DISPLAY_NAME + 1)
    assert refusal_of(lambda: normalise_display_name(text)) == ("display_name", "TOO_LONG")


@given(st.text(max_size=120))
def test_reading_a_name_again_changes_nothing(text: str) -> None:
    """Any text is a name or refused, and a name that was taken is taken again as it stands."""
    try:
        name = normalise_display_name(text)
    except ValidationFailed:
        return
    assert normalise_display_name(name) == name
    assert name is None or 0 < len(name) <= MAX_DISPLAY_NAME
