"""Why a mail server does not take mail: one table of causes, by the reply (RFC 5321, RFC 4954).

The server's words are never passed on; of its reply the two codes are (RFC 3463).
"""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from types import MappingProxyType

import aiosmtplib

from adapters.network.failures import Server, failure_of
from domain.failures import Failure, Remedy

PART = "mail server"
_SERVER = Server(
    part=PART,
    setting="SMTP_URL",
    trust="name its file in the environment variable SSL_CERT_FILE",
)
_ENHANCED = re.compile(r"([245]\.\d{1,3}\.\d{1,3})(?!\S)")


@dataclass(frozen=True, slots=True)
class _Cause:
    reason: str
    words: str
    cure: str
    remedy: Remedy = Remedy.OPERATOR


_LATER = _Cause("later", "wants to be asked again later", "Wait.", Remedy.TIME)
_NO_ANSWER = _Cause(
    "no_answer",
    "does not answer in time",
    "Look whether it runs, and whether a firewall lets the port in SMTP_URL through. A port that "
    "speaks TLS from the first byte, as 465 does, needs smtps:// in SMTP_URL.",
    Remedy.TIME,
)
_LOST = _Cause(
    "connection_lost",
    "closed the connection",
    "Look at its log, and at the port in SMTP_URL. One that speaks TLS from the first byte, as 465 "
    "does, needs smtps://.",
    Remedy.TIME,
)
_NO_MAIL_SERVER = _Cause(
    "no_mail_server",
    "does not answer as a mail server does",
    "Look at the host and the port in SMTP_URL.",
)
_NO_AUTH = _Cause(
    "no_sign_in",
    "offers no way of signing in that is known here",
    "Leave the user and the password out of SMTP_URL if it needs none; else use its port for "
    "submission, such as 587 or, with smtps://, 465.",
)
_NO_STARTTLS = _Cause(
    "no_starttls",
    "does not offer STARTTLS, and without it nothing is sent",
    "Switch STARTTLS on at the server, use its smtps:// port, or, without a password, write "
    "starttls=auto in SMTP_URL.",
)
_TLS_REFUSED = _Cause(
    "starttls_refused", "refuses to change to TLS", "Look at the server's certificate and its log."
)
_UNKNOWN = _Cause(
    "not_understood",
    "answered in a way that is not understood",
    "Look at its log.",
)
_SIGN_IN: Mapping[int, _Cause] = MappingProxyType(
    {
        432: _Cause(
            "password_expired",
            "wants the password changed",
            "Change it there, and in SMTP_URL.",
        ),
        454: _Cause(
            "sign_in_not_now",
            "cannot check passwords at the moment",
            "Wait; look at its log if it goes on.",
            Remedy.TIME,
        ),
        534: _Cause(
            "password_too_weak",
            "wants another way of signing in",
            "Use a password made for programs (an app password) in SMTP_URL.",
        ),
        535: _Cause(
            "password_refused",
            "refuses the user or the password",
            "Put the right user and password into SMTP_URL, percent-encoded. Some providers want "
            "a password made for programs (an app password).",
        ),
        538: _Cause(
            "sign_in_needs_tls",
            "takes no password without TLS",
            "Write smtps://, or starttls=required, in SMTP_URL.",
        ),
    }
)
_REFUSED_SIGN_IN = _Cause(
    "sign_in_refused",
    "refuses to sign this user in",
    "Look at the user and the password in SMTP_URL, and at the server's log.",
)
_WANTS_SIGN_IN = _Cause(
    "sign_in_required",
    "wants a user and a password first",
    "Put both into SMTP_URL, with a colon between them and an @ before the host; its port is 587 "
    "as a rule.",
)
_SENDER = _Cause(
    "sender_refused",
    "takes no mail from the sender",
    "Set MAIL_FROM to a mailbox that this user may send from.",
)
_RECIPIENT = _Cause(
    "recipient_refused",
    "takes no mail for the recipient",
    "If it is so for all: allow this machine or user to send to other domains (relaying).",
)
_MESSAGE = _Cause(
    "message_refused",
    "does not take the message",
    "Look at its log: a filter, a limit of size, or a policy such as DMARC.",
)
_GREETING = _Cause(
    "not_welcome",
    "greets with a refusal",
    "Look at its log: it may not serve this machine.",
)


def cause_of(error: BaseException) -> Failure:
    """Return why the server did not take the mail."""
    for cause in _chain(error):
        # The library's own errors are OSErrors, too, and say less than what they were made from.
        is_plain = not type(cause).__module__.startswith("aiosmtplib")
        if is_plain and not isinstance(cause, TimeoutError):
            failure = failure_of(cause, _SERVER)
            if failure is not None and (failure.kind is not None):
                return failure
    if isinstance(error, aiosmtplib.SMTPResponseException):
        return _of_reply(error)
    if isinstance(error, TimeoutError):
        return _failure(_NO_ANSWER, None)
    if isinstance(error, aiosmtplib.SMTPServerDisconnected | aiosmtplib.SMTPConnectError | OSError):
        return _failure(_LOST, None)
    text = str(error)  # looked at, and not passed on
    if "AUTH" in text or "authentication method" in text:
        return _failure(_NO_AUTH, None)
    if "STARTTLS" in text:
        return _failure(_NO_STARTTLS, None)
    return _failure(_UNKNOWN, None)


def _of_reply(error: aiosmtplib.SMTPResponseException) -> Failure:
    code = error.code
    if not 200 <= code <= 599:
        return _failure(_NO_MAIL_SERVER, None)
    match error:
        case aiosmtplib.SMTPAuthenticationError():
            cause = _SIGN_IN.get(code, _REFUSED_SIGN_IN)
        case _ if code == 530:
            cause = _WANTS_SIGN_IN
        case _ if code < 500:
            cause = _LATER
        case aiosmtplib.SMTPSenderRefused():
            cause = _SENDER
        case aiosmtplib.SMTPRecipientRefused():
            cause = _RECIPIENT
        case aiosmtplib.SMTPDataError():
            cause = _MESSAGE
        case aiosmtplib.SMTPConnectResponseError() | aiosmtplib.SMTPHeloError():
            cause = _GREETING
        case _:
            cause = _UNKNOWN
    enhanced = _ENHANCED.match(error.message)
    return _failure(cause, f"{code} {enhanced[1]}" if enhanced else str(code))


def _failure(cause: _Cause, reply: str | None) -> Failure:
    return Failure(
        part=PART,
        reason=cause.reason,
        words=cause.words,
        cure=cause.cure,
        code=reply,
        kind="smtp_reply" if reply else None,
        remedy=cause.remedy,
    )


def _chain(error: BaseException) -> Iterator[BaseException]:
    """Yield the error and what it was made from, the innermost first."""
    chain = [error]
    while (
        inner := chain[-1].__cause__ or chain[-1].__context__
    ) is not None and inner not in chain:
        chain.append(inner)
    yield from reversed(chain)
