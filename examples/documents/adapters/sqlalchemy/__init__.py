"""Documents in PostgreSQL and SQLite."""
