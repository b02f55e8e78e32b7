"""What is done with documents: use cases over ports."""
