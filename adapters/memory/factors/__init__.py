"""Second factors, used challenges and trusted devices in memory."""
