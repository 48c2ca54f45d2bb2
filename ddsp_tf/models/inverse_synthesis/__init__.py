"""Models that hear a sound by making it again."""
