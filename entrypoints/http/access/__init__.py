"""Roles and decisions over HTTP."""
