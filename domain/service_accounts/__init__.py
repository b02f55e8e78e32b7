"""Accounts of programs: roles and API keys, and nothing that a person has."""
