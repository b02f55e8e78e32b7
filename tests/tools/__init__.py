"""The tools that set everything up, as the person sees them who typed `make`."""
