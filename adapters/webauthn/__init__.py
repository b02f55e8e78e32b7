"""Passkeys, checked by the library webauthn and by what it leaves out."""
