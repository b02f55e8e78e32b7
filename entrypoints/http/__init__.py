"""The HTTP entrypoint. Start with :mod:`entrypoints.http.app`."""
