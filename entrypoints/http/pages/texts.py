"""The words of every page. Another language is another table like this one.

``{name}`` placeholders are filled in by :mod:`entrypoints.http.pages.rendering`, and escaped.
No text says whether an address has an account; only the holder of its mailed secret learns more.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final

from entrypoints.http.pages.flows import REPEATED, Flow


@dataclass(frozen=True, slots=True)
class Notice:
    """What came of it: one heading, and what it means or what to do next."""

    title: str
    paragraphs: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class FieldText:
    """The words beside a field."""

    label: str
    hint: str = ""


@dataclass(frozen=True, slots=True)
class FlowText:
    """One page: what it asks for, and how it may end."""

    title: str
    intro: str
    button: str
    done: Notice
    refused: Notice
    fields: Mapping[str, FieldText] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class PageTexts:
    """Everything that the pages say in one language.

    ``reasons`` are this language's words for a refused field, by code; where one is missing,
    the rule's own words are shown. ``spans`` are seconds and minutes, one and several.
    """

    language: str
    brand: str
    error: str
    problems: str
    flows: Mapping[Flow, FlowText]
    password_needed: Notice
    taken: Notice
    unreadable: Notice
    later: Notice
    reasons: Mapping[str, str]
    spans: tuple[tuple[str, str], tuple[str, str]]


_HINT: Final = "Use at least {minimum} characters. A few unrelated words work well."
_REPEATED: Final = FieldText("The same password again")
_LEAVE: Final = "You can close this page."

ENGLISH: Final = PageTexts(
    language="en",
    brand="Doorward",
    error="Error",
    problems="Please look at this again",
    flows={
        Flow.VERIFY_EMAIL: FlowText(
            title="Confirm your address",
            intro="One press of the button and your address is confirmed.",
            button="Confirm address",
            done=Notice(
                "Your address is confirmed",
                ("Thank you. You can sign in now.", _LEAVE),
            ),
            refused=Notice(
                "This link cannot be used",
                (
                    "It may have been used already, be too old, or a newer mail has replaced it.",
                    (
                        "Try to sign in first: perhaps your address is confirmed already. If it is"
                        " not, ask for a new mail where you signed up, and use the newest one."
                    ),
                ),
            ),
        ),
        Flow.RESET_PASSWORD: FlowText(
            title="Set a new password",
            intro="Your new password replaces the old one, and every device is signed out.",
            button="Set password",
            fields={
                "new_password": FieldText("New password", _HINT),
                REPEATED: _REPEATED,
            },
            done=Notice(
                "Your password is set",
                (
                    "Sign in with the new password from now on. All devices were signed out.",
                    _LEAVE,
                ),
            ),
            refused=Notice(
                "This link cannot be used",
                (
                    "It may have been used already, be too old, or a newer mail has replaced it.",
                    "Your password was not changed.",
                    (
                        "Ask for a new mail where you sign in, with “forgot password”, and use the"
                        " newest one."
                    ),
                ),
            ),
        ),
        Flow.CONFIRM_EMAIL_CHANGE: FlowText(
            title="Confirm your new address",
            intro="From then on you sign in with the new address instead of the old one.",
            button="Use this address",
            done=Notice(
                "Your address is changed",
                ("Sign in with the new address from now on.", _LEAVE),
            ),
            refused=Notice(
                "This link cannot be used",
                (
                    "It may have been used already, be too old, or a newer mail has replaced it.",
                    "Your address was not changed now.",
                    (
                        "If you still want to change it, sign in, ask for the change again, and"
                        " use the newest mail."
                    ),
                ),
            ),
        ),
        Flow.ACCEPT_INVITATION: FlowText(
            title="Accept your invitation",
            intro="Choose a password, and your account is ready.",
            button="Create account",
            fields={
                "display_name": FieldText(
                    "Your name", "As others should see it. You may leave it empty."
                ),
                "password": FieldText("Password", _HINT),
                REPEATED: _REPEATED,
            },
            done=Notice(
                "Welcome",
                (
                    "Your account is ready. Sign in with your address and your new password.",
                    _LEAVE,
                ),
            ),
            refused=Notice(
                "This invitation cannot be used",
                (
                    "It may have been used already, be too old, or a newer one has replaced it.",
                    (
                        "If you have accepted it before, just sign in. Otherwise ask the person who"
                        " invited you for a new one."
                    ),
                ),
            ),
        ),
        Flow.UNDO_FACTOR: FlowText(
            title="Undo the second factor",
            intro=(
                "Every second factor of your account is removed, every device is signed out, and we"
                " send you a link to set a new password. Do this if it was not you who added it."
            ),
            button="Remove and sign out",
            done=Notice(
                "Every second factor is removed",
                (
                    "All devices were signed out.",
                    (
                        "We have just sent you a mail with a link to set a new password. Use it"
                        " now: whoever added the factor knows the old one."
                    ),
                ),
            ),
            refused=Notice(
                "This link cannot be used",
                (
                    (
                        "It may have been used already, or be too old, or the factor it is about"
                        " was removed since."
                    ),
                    "Nothing was changed.",
                    "If you cannot get into your account, tell your support.",
                ),
            ),
        ),
    },
    password_needed=Notice(
        "Your address is confirmed",
        (
            (
                "Before that, somebody signed up with your address more than once. To be safe, no"
                " password from before counts."
            ),
            "We have just sent you a mail with a link to set your own password.",
        ),
    ),
    taken=Notice(
        "This address has an account already",
        (
            "So nothing was changed.",
            "Sign in with this address. If you have forgotten the password, ask for a new one.",
        ),
    ),
    unreadable=Notice(
        "This did not work",
        (
            "What was sent is not what our page sends, so nothing was changed.",
            "Open the link in your mail again and press the button there.",
        ),
    ),
    later=Notice(
        "Not just now",
        ("Nothing was changed, and your link is still good. Try again in {wait}.",),
    ),
    reasons={
        "MISSING": "Fill in this field.",
        "DIFFERENT": "The two passwords differ.",
    },
    spans=(("a second", "{count} seconds"), ("a minute", "{count} minutes")),
)
