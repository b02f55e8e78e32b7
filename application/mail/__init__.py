"""Mail: promised in the outbox, and sent by the worker.

Other capabilities and the entrypoints enter by ``ports``, and by the modules named here; the
wiring of the service enters by ``wiring``.
"""

__all__ = ["allowance", "notifications", "operation", "quoting", "relay", "request", "texts"]
