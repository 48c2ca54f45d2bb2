"""MIDI-DDSP: notes to expression, expression to levels and pitch, and these to sound."""
