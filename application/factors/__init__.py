"""Showing who one is: every way to begin a session, second factors, passkeys, stepping up.

Enter it by its ``ports``, and by :class:`~application.factors.wiring.Factors`.
"""
