"""Networks that design recursive filters."""
