"""Credentials: passwords, guesses at them, and secrets that travel by mail."""
