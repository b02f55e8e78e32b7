"""The mails about second factors."""

from collections.abc import Mapping

from application.mail.texts import MailText
from domain.mail.message import MessageKind

FACTOR_ENROLLED = MessageKind("factor_enrolled")
FIRST_FACTOR_ENROLLED = MessageKind("first_factor_enrolled")
ENROLMENT_CODE = MessageKind("enrolment_code")
SIGN_IN_CODE_REQUESTED = MessageKind("sign_in_code_requested")
SIGN_IN_CODE = MessageKind("sign_in_code")
FACTOR_REMOVED = MessageKind("factor_removed")
FACTORS_RESET = MessageKind("factors_reset")
FACTOR_LOCKED = MessageKind("factor_locked")

PASSKEY = "{name}, added {day}"
NAMELESS_PASSKEY = "A passkey without a name, added {day}"
"""One passkey, where a mail lists them."""


def what_was_removed(*, factors: bool, keys: bool) -> str:
    """Return the words for all of an account's factors, all of its API keys, or both."""
    if not keys:
        return "Every second factor"
    return "Every second factor and every API key" if factors else "Every API key"


ENGLISH: Mapping[MessageKind, MailText] = {
    FACTOR_ENROLLED: MailText(
        subject="A way to sign in was added",
        before=(
            "{factor} was added to your account at {time}.",
            "If that was not you, remove it, change your password and tell your support.",
        ),
    ),
    FIRST_FACTOR_ENROLLED: MailText(
        subject="Signing in now takes a second factor",
        before=(
            (
                "{factor} was added to your account at {time}. From now on a password alone does"
                " not open it."
            ),
            "If that was not you, undo it here. All sessions end, and you can set a new password:",
        ),
        action="Undo it",
        path="/undo-factor",
        after=("The link works once, for {lifetime}.",),
    ),
    SIGN_IN_CODE: MailText(
        subject="Your code to sign in",
        before=(
            "Type this code where you are signing in:",
            "{code}",
            "Or, in the same browser, follow this link:",
        ),
        action="Sign in",
        path="/sign-in",
        after=(
            "Either works once, for {lifetime}. A newer mail like this one replaces it.",
            (
                "If you are not signing in, ignore this mail, and give the code to nobody: nothing"
                " happens without it."
            ),
        ),
    ),
    ENROLMENT_CODE: MailText(
        subject="Your code to add a second factor",
        before=(
            "Type this code where you are adding a second factor to your account:",
            "{code}",
        ),
        after=(
            "It works once, for {lifetime}. A newer mail like this one replaces it.",
            (
                "If you are not adding one, somebody knows your password: change it at once, and"
                " give the code to nobody."
            ),
        ),
    ),
    FACTOR_REMOVED: MailText(
        subject="A way to sign in was removed",
        before=(
            "{factor} was removed from your account at {time}.",
            "If that was not you, change your password at once and tell your support.",
        ),
    ),
    FACTORS_RESET: MailText(
        subject="Your second factors were taken away",
        before=(
            (
                "An administrator took all second factors of your account away at {time}, and all"
                " sessions were ended. Sign in without them, and add new ones."
            ),
            (
                "No passkey was left: none that was made before then opens your account, also if a"
                " device still offers it."
            ),
            "No API key of yours was left either: make new ones for what used them.",
            "If you did not ask for that, tell your support at once.",
        ),
    ),
    FACTOR_LOCKED: MailText(
        subject="Somebody knows your password",
        before=(
            (
                "At {time} so many wrong codes had been given for your account that more are"
                " refused for a while. Whoever did that knows your password."
            ),
            "If that was not you, change your password at once.",
        ),
    ),
}
