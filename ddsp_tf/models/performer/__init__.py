"""Performers: notes to the pitch and loudness of an instrument."""
