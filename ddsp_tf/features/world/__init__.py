"""WORLD's analysis: a smooth envelope, and how much of the sound is noise."""
