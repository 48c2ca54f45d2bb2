"""pYIN, as librosa has it."""
