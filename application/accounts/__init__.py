"""Accounts: sign-up, invitations, profile, directory, export and the end of an account.

Other capabilities and the entrypoints enter by ``ports``, and by the modules named here; the
wiring of the service enters by ``wiring``.
"""

__all__ = ["export", "mails", "registration", "verification"]
