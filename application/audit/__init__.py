"""The audit trail: written, read, chained and verified.

Other capabilities and the entrypoints enter by ``ports``, and by the modules named here; the
wiring of the service enters by ``wiring``.
"""

__all__ = ["chaining", "earlier_keys", "recording", "seals"]
