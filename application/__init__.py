"""Doorward's use cases. Each is a small class: collaborators in, one ``await`` per job.

They know the domain and the abstract :mod:`application.ports`, nothing else. Start with
:mod:`application.registration` to see the pattern, and with
:mod:`application.ports.unit_of_work` for what a change may touch.
"""
