"""A user as HTTP shows it."""
