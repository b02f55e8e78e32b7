"""The words of every mail, collected. Another language is another table like this one."""

from collections.abc import Mapping

from application.access.mails import ENGLISH as ACCESS
from application.accounts.mails import ENGLISH as ACCOUNTS
from application.api_keys.mails import ENGLISH as API_KEYS
from application.credentials.mails import ENGLISH as CREDENTIALS
from application.factors.mails import ENGLISH as FACTORS
from application.mail.texts import MailText
from application.sessions.mails import ENGLISH as SESSIONS
from domain.mail.message import MessageKind

ENGLISH: Mapping[MessageKind, MailText] = {
    **ACCESS,
    **ACCOUNTS,
    **API_KEYS,
    **CREDENTIALS,
    **FACTORS,
    **SESSIONS,
}
