"""Passwords over HTTP."""
