"""Passwords in wide use, in a list that is part of Doorward."""
