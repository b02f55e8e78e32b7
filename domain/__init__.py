"""Doorward's rules: pure Python, the standard library only.

One room for each capability, of the same name in every layer. Start with
:mod:`domain.users.user` and :mod:`domain.sessions.session`. Nothing here reads a clock, draws a
random number or talks to the outside: ``now`` and ``entropy`` are passed in.
"""
