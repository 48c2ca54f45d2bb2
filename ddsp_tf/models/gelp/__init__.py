"""Vocoders of linear prediction whose excitation a network makes."""
