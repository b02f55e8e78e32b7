"""Doorward's rules: pure Python, the standard library only.

Start with :mod:`domain.user` and :mod:`domain.session`; nothing here reads a clock,
draws a random number or talks to the outside. ``now`` and ``entropy`` are passed in.
"""
