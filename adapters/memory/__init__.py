"""Every port without anything outside: the standard library and a dictionary or two.

Public and faithful, since both the tests and ``DATABASE_URL=memory://`` run the whole service on
it; the suites under ``tests/contracts`` hold it to the same promises as the databases. Start with
:mod:`adapters.memory.store`.
"""
