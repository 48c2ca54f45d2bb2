"""Networks that hear rooms."""
