"""The trainer, its run directory, and evaluation."""
