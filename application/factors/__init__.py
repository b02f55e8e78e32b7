"""Showing who one is: every way to begin a session, second factors, passkeys, stepping up.

Other capabilities and the entrypoints enter by ``ports``, and by the modules named here; the
wiring of the service enters by ``wiring``.
"""

__all__ = [
    "challenges",
    "devices",
    "enrolment",
    "listing",
    "mails",
    "methods",
    "passkeys_left",
    "planted",
    "policy",
    "proofs",
    "sign_in",
    "totp",
]
