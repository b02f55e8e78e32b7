"""The mails about passwords, and those that carry a secret to prove an address."""

from collections.abc import Mapping

from application.mail.texts import MailText, Where
from domain.mail.message import MessageKind

PASSWORD_RESET_REQUESTED = MessageKind("password_reset_requested")
VERIFY_EMAIL = MessageKind("verify_email")
RESET_PASSWORD = MessageKind("reset_password")
CONFIRM_EMAIL_CHANGE = MessageKind("confirm_email_change")
PASSWORD_CHANGED = MessageKind("password_changed")

PASSKEYS = "passkeys"
"""The parameter with the passkeys that stay, each on a line; empty where there is none."""

API_KEYS = "api_keys"
"""The parameter that says how many API keys stay; empty where there is none."""


def keys_in_words(number: int) -> str:
    """Return what stands in ``API_KEYS``."""
    return "" if number == 0 else f"{number} API key" if number == 1 else f"{number} API keys"


ENGLISH: Mapping[MessageKind, MailText] = {
    VERIFY_EMAIL: MailText(
        subject="Confirm your e-mail address",
        before=("Welcome! Confirm that this address is yours to finish signing up:",),
        action="Confirm address",
        path="/verify-email",
        after=(
            "The link works once, for {lifetime}. A newer mail like this one replaces it.",
            "If you did not sign up, ignore this mail and nothing will happen.",
        ),
    ),
    RESET_PASSWORD: MailText(
        subject="Set a new password",
        before=("Set a new password for your account here:",),
        action="Set a new password",
        path="/reset-password",
        after=(
            "The link works once, for {lifetime}. A newer mail like this one replaces it.",
            "If you did not ask for it, ignore this mail: your password stays as it is.",
        ),
    ),
    CONFIRM_EMAIL_CHANGE: MailText(
        subject="Confirm your new e-mail address",
        before=("Confirm that this address is yours, and your account moves to it:",),
        action="Use this address",
        path="/confirm-email-change",
        after=(
            "The link works once, for {lifetime}. A newer mail like this one replaces it.",
            "If you did not ask for it, ignore this mail and nothing will happen.",
        ),
    ),
    PASSWORD_CHANGED: MailText(
        subject="Your password was changed",
        before=(
            "The password of your account was changed at {time}, and all sessions were ended.",
            Where(
                PASSKEYS,
                "Passkeys are not changed by that. These can still be used to sign in; remove any"
                " that you do not know:",
            ),
            Where(
                API_KEYS,
                "API keys are not changed by that. Programs can still use these; sign in, and"
                " revoke in the list of your API keys what you do not know:",
            ),
            "If that was not you, ask for a password reset at once and tell your support.",
        ),
    ),
}
