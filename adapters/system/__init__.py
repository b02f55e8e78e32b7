"""Time and chance from the host's operating system."""
