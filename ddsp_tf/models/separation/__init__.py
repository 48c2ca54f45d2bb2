"""Voices that sound together, each explained by a source and a filter."""
