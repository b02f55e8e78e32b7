"""What it means that a connection could not be made, the same for every server."""
