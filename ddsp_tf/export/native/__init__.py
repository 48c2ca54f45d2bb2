"""Instruments for hosts that call TensorFlow's C library."""
