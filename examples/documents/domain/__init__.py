"""Documents: data and rules; the standard library and Doorward's domain only."""
