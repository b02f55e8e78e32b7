"""Signing keys: made, kept sealed, loaded, published.

Other capabilities and the entrypoints enter by ``ports``, and by the modules named here; the
wiring of the service enters by ``wiring``.
"""

__all__ = ["keyring", "secret_key"]
