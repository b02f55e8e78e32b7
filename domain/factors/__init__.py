"""What a user can show beside a password, or in its place."""
