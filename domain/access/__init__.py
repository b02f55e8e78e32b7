"""Roles and the permissions that they give."""
