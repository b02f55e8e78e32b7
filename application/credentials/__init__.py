"""Credentials: passwords, changing them, and the secrets that travel by mail.

Other capabilities and the entrypoints enter by ``ports``, and by the modules named here; the
wiring of the service enters by ``wiring``.
"""

__all__ = ["attempts", "mailed_secrets", "mails", "password_checks", "planted", "reauthentication"]
