"""Networks that hear which settings of a synthesiser make a sound."""
