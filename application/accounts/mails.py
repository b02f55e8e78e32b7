"""The mails about accounts."""

from collections.abc import Mapping

from application.mail.texts import MailText
from domain.mail.message import MessageKind

VERIFICATION_REQUESTED = MessageKind("verification_requested")
ADDRESS_IN_USE = MessageKind("address_in_use")
INVITATION = MessageKind("invitation")
EMAIL_CHANGE_PENDING = MessageKind("email_change_pending")
EMAIL_CHANGED = MessageKind("email_changed")
ACCOUNT_ERASED = MessageKind("account_erased")

ENGLISH: Mapping[MessageKind, MailText] = {
    ADDRESS_IN_USE: MailText(
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
    INVITATION: MailText(
        subject="You are invited",
        before=("You are invited to make an account with this address. Choose a password here:",),
        action="Accept the invitation",
        path="/accept-invitation",
        after=(
            "The link works once, for {lifetime}. A newer mail like this one replaces it.",
            "If you do not want an account, ignore this mail and none is made.",
        ),
    ),
    EMAIL_CHANGE_PENDING: MailText(
        subject="Your e-mail address is about to change",
        before=(
            (
                "At {time} somebody who knows your password asked to move your account to another"
                " address. Nothing changes until that address is confirmed."
            ),
            "If that was not you, change your password at once: it stops the move.",
        ),
    ),
    EMAIL_CHANGED: MailText(
        subject="Your e-mail address was changed",
        before=(
            (
                "At {time} your account moved to another address. Mail about it no longer comes"
                " here, and this address can no longer be used to sign in."
            ),
            "If that was not you, tell your support at once.",
        ),
    ),
    ACCOUNT_ERASED: MailText(
        subject="Your account was deleted",
        before=(
            "Your account and all personal data in it were deleted at {time}.",
            "If that was not you, tell your support at once. This is the last mail about it.",
        ),
    ),
}
