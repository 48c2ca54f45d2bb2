"""Instruments for plug-ins, and the C++ engine that plays them."""
