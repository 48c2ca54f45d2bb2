"""Instruments for DDSP-VST."""
