"""What ships with the package: instruments, one folder each, and a melody to play with them."""

from pathlib import Path

MELODY = Path(__file__).with_name("melody.flac")
"""Eight seconds sung by a synthetic voice, CC0; `scripts/make_melody.py` makes it."""
