"""The schema's history. Operators and entrypoints use :mod:`migrations.runner`."""
