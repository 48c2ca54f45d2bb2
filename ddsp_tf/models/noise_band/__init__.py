"""Noise of many bands, played by a few curves: Barahona-Rios and Collins 2023."""
