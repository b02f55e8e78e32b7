"""Passwords, mailed secrets and guesses."""
