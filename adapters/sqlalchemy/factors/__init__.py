"""Second factors, used challenges and trusted devices on SQLAlchemy."""
