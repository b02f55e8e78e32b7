"""Why a server could not be reached: names, sockets, TLS (RFC 8446, RFC 5280).

The errors of the standard library hold addresses and, at times, what the other side sent. Only
their classes and their numbers are used.
"""

import errno
import re
import socket
import ssl
from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType

from domain.failures import Failure, Remedy

_PUBLIC_TLS = "cannot be trusted"
_FIRST_NUMBER = re.compile(r"\[Errno (\d{1,5})\]")

# X509_V_ERR_… of OpenSSL, which stay what they are.
_CERTIFICATES: Mapping[int, tuple[str, str, str, str]] = MappingProxyType(
    {
        9: (
            "CERT_NOT_YET_VALID",
            "tls_not_yet_valid",
            "has a certificate that is not valid yet",
            "Look at the clocks of both machines, then at the certificate.",
        ),
        10: (
            "CERT_HAS_EXPIRED",
            "tls_expired",
            "has a certificate that has expired",
            "Renew the server's certificate.",
        ),
        18: (
            "DEPTH_ZERO_SELF_SIGNED_CERT",
            "tls_self_signed",
            "has a certificate that it signed itself",
            "Give the server a certificate of an authority, or trust this one: {trust}.",
        ),
        19: (
            "SELF_SIGNED_CERT_IN_CHAIN",
            "tls_unknown_authority",
            "has a certificate of an authority that is not trusted here",
            "Trust the authority: {trust}.",
        ),
        20: (
            "UNABLE_TO_GET_ISSUER_CERT_LOCALLY",
            "tls_unknown_authority",
            "has a certificate of an authority that is not trusted here",
            "Trust the authority: {trust}. The server must send its intermediate certificates.",
        ),
        21: (
            "UNABLE_TO_VERIFY_LEAF_SIGNATURE",
            "tls_unknown_authority",
            "has a certificate of an authority that is not trusted here",
            "Trust the authority: {trust}. The server must send its intermediate certificates.",
        ),
        23: (
            "CERT_REVOKED",
            "tls_revoked",
            "has a certificate that was revoked",
            "Give the server a new certificate.",
        ),
        62: (
            "HOSTNAME_MISMATCH",
            "tls_wrong_name",
            "has a certificate for another host name",
            "Use the name that stands in the certificate in {setting}, or renew the certificate.",
        ),
        64: (
            "IP_ADDRESS_MISMATCH",
            "tls_wrong_name",
            "has a certificate that is not for this IP address",
            "Use the name that stands in the certificate in {setting}, or renew the certificate.",
        ),
    }
)

_ALERTS = {
    "TLSV13_ALERT_CERTIFICATE_REQUIRED": "certificate_wanted",
    "TLSV1_ALERT_UNKNOWN_CA": "certificate_refused",
    "TLSV1_ALERT_DECRYPT_ERROR": "certificate_refused",
    "SSLV3_ALERT_BAD_CERTIFICATE": "certificate_refused",
    "SSLV3_ALERT_UNSUPPORTED_CERTIFICATE": "certificate_refused",
    "SSLV3_ALERT_CERTIFICATE_EXPIRED": "certificate_refused",
    "SSLV3_ALERT_CERTIFICATE_REVOKED": "certificate_refused",
    "SSLV3_ALERT_CERTIFICATE_UNKNOWN": "certificate_refused",
    "WRONG_VERSION_NUMBER": "no_tls",
    "HTTP_REQUEST": "no_tls",
    "RECORD_LAYER_FAILURE": "no_tls",
    "UNSUPPORTED_PROTOCOL": "version",
    "TLSV1_ALERT_PROTOCOL_VERSION": "version",
    "NO_PROTOCOLS_AVAILABLE": "version",
    "KEY_VALUES_MISMATCH": "own_files",
    "NO_CERTIFICATE_OR_CRL_FOUND": "own_files",
    "NO_START_LINE": "own_files",
    "BAD_DECRYPT": "own_files",
    "BAD_PASSWORD_READ": "own_files",
    "PROBLEMS_GETTING_PASSWORD": "own_files",
    "UNSUPPORTED": "own_files",
    "EE_KEY_TOO_SMALL": "own_files",
    "CA_MD_TOO_WEAK": "own_files",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Server:
    """How to speak of a server: what it is, the setting with its address, how to trust it."""

    part: str
    setting: str
    trust: str


def failure_of(error: BaseException, server: Server) -> Failure | None:
    """Return what this error of the standard library means; None if it is none of a network."""
    if isinstance(error, ssl.SSLError):
        return _of_tls(error, server)
    if isinstance(error, socket.gaierror | UnicodeError):
        return _of_name(error, server)
    if isinstance(error, TimeoutError):
        return Failure(
            part=server.part,
            reason="no_answer",
            words="does not answer in time",
            cure=f"Look whether it runs and whether a firewall lets {server.setting} through.",
            code="ETIMEDOUT",
            kind="errno",
            remedy=Remedy.TIME,
        )
    if isinstance(error, OSError):
        return _of_socket(error, server)
    return None


def _of_tls(error: ssl.SSLError, server: Server) -> Failure:
    if isinstance(error, ssl.SSLCertVerificationError):
        code, reason, words, cure = _CERTIFICATES.get(
            error.verify_code,
            (
                f"X509_{error.verify_code}",
                "tls_certificate",
                "has a certificate that does not verify",
                "Give the server a certificate that verifies, or trust its authority: {trust}.",
            ),
        )
        cure = cure.format(setting=server.setting, trust=server.trust)
        return _tls(server, code, reason, words, cure)
    code = error.reason or type(error).__name__
    match _ALERTS.get(code):
        case "certificate_wanted":
            words, cure = "wants a certificate of ours", "Set sslcert and sslkey in {setting}."
            reason = "tls_client_certificate_required"
        case "certificate_refused":
            reason, words = "tls_client_certificate_refused", "refuses our certificate"
            cure = "Use a client certificate that the server's authority has signed."
        case "no_tls":
            reason, words = "tls_not_spoken", "does not speak TLS on this port"
            cure = "Look at the port and at the scheme in {setting}."
        case "version":
            reason, words = "tls_version", "speaks no version of TLS that is allowed here"
            cure = "Let the server speak TLS 1.2 or newer."
        case "own_files":
            reason = "tls_files"
            words = "cannot be reached with the certificate and key files that are set"
            cure = (
                "Each must be PEM, the key must belong to the certificate, and its password be "
                "right; the files are named in {setting}."
            )
        case _:
            reason, words = "tls_failed", "ended the TLS handshake"
            cure = "Look at the TLS settings of the server and of {setting}."
    return _tls(server, code, reason, words, cure.format(setting=server.setting))


def _tls(server: Server, code: str, reason: str, words: str, cure: str) -> Failure:
    return Failure(
        part=server.part,
        reason=reason,
        words=words,
        cure=cure,
        code=code,
        kind="tls",
        public=_PUBLIC_TLS,
    )


def _of_name(error: socket.gaierror | UnicodeError, server: Server) -> Failure:
    number = error.errno if isinstance(error, socket.gaierror) else None
    again = number == socket.EAI_AGAIN
    names = {getattr(socket, name): name for name in dir(socket) if name.startswith("EAI_")}
    return Failure(
        part=server.part,
        reason="host_unknown",
        words="has a host name that cannot be looked up now"
        if again
        else "has a host name that nothing is known of",
        cure=f"Look at the host in {server.setting}, and whether this machine's DNS answers.",
        code=names.get(number or 0, "EAI_NONAME"),
        kind="errno",
        remedy=Remedy.TIME if again else Remedy.OPERATOR,
    )


def _of_socket(error: OSError, server: Server) -> Failure:
    number = error.errno
    if number is None and (found := _FIRST_NUMBER.search(str(error))):
        number = int(found[1])  # asyncio's, when each of several addresses failed
    code = errno.errorcode.get(number or 0)
    cure = f"Look whether it runs, and at the host and the port in {server.setting}."
    remedy = Remedy.TIME
    match code:
        case "ECONNREFUSED":
            reason, words = "refused", "takes no connections there"
        case "ENOENT" | "ENOTDIR" | "ELOOP" | "ENAMETOOLONG":
            reason, words = "no_socket", "has no socket there"
            cure = f"Look whether it runs, and at the folder of its socket in {server.setting}."
        case "EACCES" | "EPERM":
            reason, words = "not_allowed", "cannot be reached: this process may not connect to it"
            cure = "Look at the rights on its socket, and at what confines this process."
            remedy = Remedy.OPERATOR
        case "ENETUNREACH" | "EHOSTUNREACH" | "ENETDOWN" | "EHOSTDOWN" | "EADDRNOTAVAIL":
            reason, words = "unreachable", "cannot be reached over the network"
            cure = f"Look at the network between here and the host in {server.setting}."
        case "EMFILE" | "ENFILE":
            reason, words = "too_many_files", "cannot be connected to: too many files are open"
            cure = "Raise the limit of open files (ulimit -n)."
        case _:
            reason, words = "connection_lost", "closed the connection"
            cure = f"Look at its log, and at the host and the port in {server.setting}."
    return Failure(
        part=server.part,
        reason=reason,
        words=words,
        cure=cure,
        code=code,
        kind="errno" if code else None,
        remedy=remedy,
    )
