"""Signing in, second factors and passkeys over HTTP."""
