"""Doorward's use cases. Each is a small class: collaborators in, one ``await`` per job.

One room for each capability. They know the domain and abstract ports, nothing else: what a
capability needs from outside stands in its ``ports``, what all of them need in
:mod:`application.ports`. Its ``wiring`` puts a capability together, for production and tests
alike. Start with :mod:`application.accounts.registration` to see the pattern.
"""
