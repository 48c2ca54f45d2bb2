"""Sound to sound: filters by frequency, gain and quality."""
