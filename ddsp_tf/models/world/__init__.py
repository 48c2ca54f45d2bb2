"""Vocoders: a recording said again from its analysis."""
