"""Password hashing with argon2id, through argon2-cffi."""
