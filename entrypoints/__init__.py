"""The doors: HTTP, the command line and the worker, over the same use cases.

:mod:`entrypoints.container` is where everything is put together, and the only module that names
an adapter.
"""
