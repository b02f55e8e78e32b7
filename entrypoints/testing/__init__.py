"""Doorward in the tests of a product that uses it: ``docs/testing.md``.

Works by HTTP alone, on a process of its own: neither the product's environment nor its event loop
meets the service's.
"""

from entrypoints.testing.service import Mail, NotStarted, Refused, RunningService

__all__ = ["Mail", "NotStarted", "Refused", "RunningService"]
