"""Sums, cross-fades and cuts."""
