"""Sound to sound: rooms, and what else treats a signal."""
