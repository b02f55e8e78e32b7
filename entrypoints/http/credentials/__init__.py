"""Signing in and passwords over HTTP."""
