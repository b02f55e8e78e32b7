"""What tests of products may do to a service that keeps nothing (``docs/testing.md``)."""
