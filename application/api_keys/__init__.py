"""API keys: made, shown once, known again, and taken back.

Other capabilities and the entrypoints enter by ``ports``, and by the modules named here; the
wiring of the service enters by ``wiring``.
"""

__all__ = [
    "access_tokens",
    "authentication",
    "ending",
    "introspection",
    "leaks",
    "listing",
    "mails",
    "making",
]
