"""The command-line entrypoint, over the same use cases. Start with :mod:`entrypoints.cli.main`."""
