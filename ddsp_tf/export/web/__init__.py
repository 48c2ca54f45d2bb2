"""Instruments as a page for the browser."""
