"""Access: roles, giving them, and the authorization check.

Other capabilities and the entrypoints enter by ``ports``, and by the modules named here; the
wiring of the service enters by ``wiring``.
"""

__all__ = ["authorization", "granting", "known_permissions", "mails"]
