"""Accounts: invitations, and what happens to an account."""
