"""Neural source-filter models."""
