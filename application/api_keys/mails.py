"""The mails about API keys."""

from collections.abc import Mapping

from application.mail.texts import MailText
from domain.mail.message import MessageKind

API_KEY_CREATED = MessageKind("api_key_created")
API_KEY_LEAKED = MessageKind("api_key_leaked")
API_KEY_LEAKED_ELSEWHERE = MessageKind("api_key_leaked_elsewhere")
API_KEY_EXPIRES = MessageKind("api_key_expires")
SERVICE_KEY_EXPIRES = MessageKind("service_key_expires")

ENGLISH: Mapping[MessageKind, MailText] = {
    API_KEY_CREATED: MailText(
        subject="An API key was made for your account",
        before=(
            "An API key that begins with {hint} was made for your account at {time}.",
            "If that was not you, revoke it, change your password and tell your support.",
        ),
    ),
    # Nothing of what the reporter wrote: it would reach these mailboxes in our name.
    API_KEY_LEAKED: MailText(
        subject="An API key of your account was revoked",
        before=(
            (
                "The API key of your account that begins with {hint} was reported to us by somebody"
                " who has it. It was revoked at {time}, and nothing opens with it any more."
            ),
            "Make a new key for what used it, and find out where this one could be read.",
        ),
    ),
    API_KEY_LEAKED_ELSEWHERE: MailText(
        subject="An API key was revoked",
        before=(
            (
                "An API key that begins with {hint} was reported by somebody who has it. It was"
                " revoked at {time}, and nothing opens with it any more."
            ),
            "It belonged to the {kind} {owner}. The audit trail has the report (api_key.leaked).",
        ),
    ),
    API_KEY_EXPIRES: MailText(
        subject="An API key of your account ends soon",
        before=(
            "The API key of your account that begins with {hint} ends at {end}.",
            "Rotate it before then, if something still uses it; else there is nothing to do.",
        ),
    ),
    SERVICE_KEY_EXPIRES: MailText(
        subject="An API key of a service account ends soon",
        before=(
            ("The API key that begins with {hint}, of the service account {name}, ends at {end}."),
            "Rotate it before then, if something still uses it; else there is nothing to do.",
        ),
    ),
}
