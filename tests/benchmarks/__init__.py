"""What `make bench` makes of its figures. No test measures a time."""
