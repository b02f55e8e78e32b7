"""The schema's history. Operators and entrypoints use :mod:`migrations.runner`.

:mod:`migrations.branches` says which revisions there are, without loading Alembic.
"""
