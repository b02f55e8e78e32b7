"""The mails about sessions."""

from collections.abc import Mapping

from application.mail.texts import MailText
from domain.mail.message import MessageKind

SESSION_REUSED = MessageKind("session_reused")

ENGLISH: Mapping[MessageKind, MailText] = {
    SESSION_REUSED: MailText(
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
