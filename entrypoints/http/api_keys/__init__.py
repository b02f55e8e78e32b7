"""API keys over HTTP: made and taken back, traded, asked about, and reported."""
