"""Pianos, played by keys: the core of Renault, Mignot and Roebel 2022."""
