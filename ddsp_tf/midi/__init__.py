"""Scores: MIDI files as arrays of notes, notes as what voices play, and notes out of features."""

from ddsp_tf.midi.found_scores import search_scores
from ddsp_tf.midi.note_columns import NoteColumns, note_columns
from ddsp_tf.midi.note_expression import (
    EXPRESSION_FIELDS,
    expression_frames,
    measure_expression,
)
from ddsp_tf.midi.note_onsets import refine_onsets
from ddsp_tf.midi.note_recognition import levels_as_velocities, recognise_notes
from ddsp_tf.midi.note_table import read_note_table
from ddsp_tf.midi.part_choice import choose_parts
from ddsp_tf.midi.pedal import sustained
from ddsp_tf.midi.score import Part, Score, values_at
from ddsp_tf.midi.score_file import SUFFIXES, find_score, read_notes, read_score
from ddsp_tf.midi.score_writer import write_notes
from ddsp_tf.midi.voice_allocation import VOICE_COLUMNS, VoiceFrames, allocate_voices
from ddsp_tf.midi.voice_lines import VoiceLines, most_together, split_voices, top_line

__all__ = [
    "EXPRESSION_FIELDS",
    "SUFFIXES",
    "VOICE_COLUMNS",
    "NoteColumns",
    "Part",
    "Score",
    "VoiceFrames",
    "VoiceLines",
    "allocate_voices",
    "choose_parts",
    "expression_frames",
    "find_score",
    "levels_as_velocities",
    "measure_expression",
    "most_together",
    "note_columns",
    "read_note_table",
    "read_notes",
    "read_score",
    "recognise_notes",
    "refine_onsets",
    "search_scores",
    "split_voices",
    "sustained",
    "top_line",
    "values_at",
    "write_notes",
]
