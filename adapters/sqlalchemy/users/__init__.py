"""Users, and what roles give them."""
