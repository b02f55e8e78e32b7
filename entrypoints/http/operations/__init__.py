"""What operators and their tools ask: health, metrics, the catalogue of errors."""
