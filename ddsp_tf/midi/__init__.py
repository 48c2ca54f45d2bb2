"""Scores: MIDI files as arrays of notes, and notes as what voices play."""

from ddsp_tf.midi.found_scores import search_scores
from ddsp_tf.midi.score_file import SUFFIXES, find_score, read_notes
from ddsp_tf.midi.voice_allocation import VOICE_COLUMNS, VoiceFrames, allocate_voices

__all__ = [
    "SUFFIXES",
    "VOICE_COLUMNS",
    "VoiceFrames",
    "allocate_voices",
    "find_score",
    "read_notes",
    "search_scores",
]
