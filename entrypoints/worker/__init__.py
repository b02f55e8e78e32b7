"""The worker entrypoint: mail and housekeeping, in a process of its own."""
