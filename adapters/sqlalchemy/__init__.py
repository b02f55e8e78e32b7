"""The store: PostgreSQL or SQLite through SQLAlchemy Core.

Start with :mod:`~adapters.sqlalchemy.tables` (what is kept) and
:mod:`~adapters.sqlalchemy.unit_of_work` (how it is reached). Statements are built with Core,
compiled once and run on the driver's connection; see :mod:`~adapters.sqlalchemy.statements`.
"""
