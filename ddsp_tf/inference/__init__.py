"""Playing a melody with a trained instrument."""
