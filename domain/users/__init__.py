"""The user, whom all other capabilities refer to."""
