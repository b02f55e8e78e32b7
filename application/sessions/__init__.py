"""Sessions: knowing the caller, refreshing, listing and ending.

Other capabilities and the entrypoints enter by ``ports``, and by the modules named here; the
wiring of the service enters by ``wiring``.
"""

__all__ = ["authentication", "ending", "mails", "token_grants"]
