"""The mails about roles."""

from collections.abc import Mapping

from application.mail.texts import MailText
from domain.mail.message import MessageKind

ROLES_CHANGED = MessageKind("roles_changed")

ENGLISH: Mapping[MessageKind, MailText] = {
    ROLES_CHANGED: MailText(
        subject="Your roles were changed",
        before=(
            "At {time} the role {role} was {change} your account.",
            "If you did not expect that, ask an administrator of the service.",
        ),
    ),
}
