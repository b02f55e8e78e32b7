"""Documents in memory."""
