"""Networks as LiteRT (TFLite) files."""
