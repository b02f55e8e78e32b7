"""Mail that is promised and sent."""
