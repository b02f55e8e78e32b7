"""The mails about API keys."""

from collections.abc import Mapping

from application.mail.texts import MailText
from domain.mail.message import MessageKind

API_KEY_CREATED = MessageKind("api_key_created")

ENGLISH: Mapping[MessageKind, MailText] = {
    API_KEY_CREATED: MailText(
        subject="An API key was made for your account",
        before=(
            "An API key that begins with {hint} was made for your account at {time}.",
            "If that was not you, revoke it, change your password and tell your support.",
        ),
    ),
}
