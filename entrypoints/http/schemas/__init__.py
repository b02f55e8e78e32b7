"""What goes in and what comes out of HTTP: ``parameters``, ``requests`` and ``answers``."""
