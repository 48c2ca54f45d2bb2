"""Spectral and parameter losses."""
