"""The words of every mail. Another language is another table like this one.

``{name}`` placeholders are filled with values that are escaped where they must be. A mail has
at most one link, and a mail that carries a secret has exactly one.
"""

from collections.abc import Mapping
from dataclasses import dataclass

from application.ports.outbox import MessageKind


@dataclass(frozen=True, slots=True)
class MailText:
    """One mail: its subject, what stands before the link, and what stands after it."""

    subject: str
    before: tuple[str, ...]
    after: tuple[str, ...] = ()
    action: str | None = None
    path: str | None = None


ENGLISH: Mapping[MessageKind, MailText] = {
    MessageKind.VERIFY_EMAIL: MailText(
        subject="Confirm your e-mail address",
        before=("Welcome! Confirm that this address is yours to finish signing up:",),
        action="Confirm address",
        path="/verify-email",
        after=(
            "The link works once, for {lifetime}. A newer mail like this one replaces it.",
            "If you did not sign up, ignore this mail and nothing will happen.",
        ),
    ),
    MessageKind.ADDRESS_IN_USE: MailText(
        subject="You already have an account",
        before=(
            (
                "Somebody, perhaps you, tried to sign up with this address or to move another"
                " account to it."
            ),
            (
                "It already has an account, so nothing was changed. Sign in as usual, or ask for a"
                " password reset if you have forgotten your password."
            ),
            "If it was not you, you need not do anything.",
        ),
    ),
    MessageKind.RESET_PASSWORD: MailText(
        subject="Set a new password",
        before=("Set a new password for your account here:",),
        action="Set a new password",
        path="/reset-password",
        after=(
            "The link works once, for {lifetime}. A newer mail like this one replaces it.",
            "If you did not ask for it, ignore this mail: your password stays as it is.",
        ),
    ),
    MessageKind.CONFIRM_EMAIL_CHANGE: MailText(
        subject="Confirm your new e-mail address",
        before=("Confirm that this address is yours, and your account moves to it:",),
        action="Use this address",
        path="/confirm-email-change",
        after=(
            "The link works once, for {lifetime}. A newer mail like this one replaces it.",
            "If you did not ask for it, ignore this mail and nothing will happen.",
        ),
    ),
    MessageKind.INVITATION: MailText(
        subject="You are invited",
        before=("You are invited to make an account with this address. Choose a password here:",),
        action="Accept the invitation",
        path="/accept-invitation",
        after=(
            "The link works once, for {lifetime}. A newer mail like this one replaces it.",
            "If you do not want an account, ignore this mail and none is made.",
        ),
    ),
    MessageKind.EMAIL_CHANGE_PENDING: MailText(
        subject="Your e-mail address is about to change",
        before=(
            (
                "At {time} somebody who knows your password asked to move your account to another"
                " address. Nothing changes until that address is confirmed."
            ),
            "If that was not you, change your password at once: it stops the move.",
        ),
    ),
    MessageKind.EMAIL_CHANGED: MailText(
        subject="Your e-mail address was changed",
        before=(
            (
                "At {time} your account moved to another address. Mail about it no longer comes"
                " here, and this address can no longer be used to sign in."
            ),
            "If that was not you, tell your support at once.",
        ),
    ),
    MessageKind.ROLES_CHANGED: MailText(
        subject="Your roles were changed",
        before=(
            "At {time} the role {role} was {change} your account.",
            "If you did not expect that, ask whoever administrates the service.",
        ),
    ),
    MessageKind.ACCOUNT_ERASED: MailText(
        subject="Your account was deleted",
        before=(
            "Your account and all personal data in it were deleted at {time}.",
            "If that was not you, tell your support at once. This is the last mail about it.",
        ),
    ),
    MessageKind.PASSWORD_CHANGED: MailText(
        subject="Your password was changed",
        before=(
            "The password of your account was changed at {time}, and all sessions were ended.",
            "If that was not you, ask for a password reset at once and tell your support.",
        ),
    ),
    MessageKind.SESSION_REUSED: MailText(
        subject="We ended one of your sessions",
        before=(
            (
                "At {time} a token of one of your sessions was used twice. That can mean that"
                " somebody has a copy of it, so we ended the session."
            ),
            (
                "Sign in again to go on. If you see sessions that you do not know, end them and"
                " change your password."
            ),
        ),
    ),
}
