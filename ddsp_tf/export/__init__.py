"""A trained instrument for other hosts."""
