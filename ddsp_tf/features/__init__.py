"""Audio to conditioning: f0, loudness, their scaling and statistics."""
