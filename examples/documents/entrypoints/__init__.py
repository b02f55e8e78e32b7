"""How this service is put together, and how documents are reached."""
