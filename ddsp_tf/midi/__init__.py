"""Scores: MIDI files as arrays of notes."""

from ddsp_tf.midi.score_file import find_score, read_notes

__all__ = ["find_score", "read_notes"]
