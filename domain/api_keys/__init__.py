"""API keys: what a program shows in place of a session."""
