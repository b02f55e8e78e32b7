"""Addresses of what Doorward speaks to, as an operator writes them: one parser for all of them."""
