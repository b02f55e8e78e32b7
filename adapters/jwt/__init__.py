"""Access tokens as JWTs, made and checked with PyJWT and cryptography."""
