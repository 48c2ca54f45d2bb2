"""Players: any melody, live sound or score, played by a trained instrument."""

from ddsp_tf.inference.autotune import autotune, estimate_tuning
from ddsp_tf.inference.column_transfer import (
    ColumnTransfer,
    ColumnTransferReport,
    ColumnTransferResult,
)
from ddsp_tf.inference.curves import Curves
from ddsp_tf.inference.design import Design, can_design, design_filter, refine_roots
from ddsp_tf.inference.edits import EditedFeatures, Edits
from ddsp_tf.inference.effect import Effect, TreatedFile
from ddsp_tf.inference.find_room import (
    FoundRoom,
    HeardRoom,
    can_hear_rooms,
    find_room,
    hear_room,
)
from ddsp_tf.inference.loudness_matching import match_loudness
from ddsp_tf.inference.magnitude_response import MagnitudeResponse
from ddsp_tf.inference.match import Match, match
from ddsp_tf.inference.note_performer import Performance, perform, top_line
from ddsp_tf.inference.octave import choose_octave
from ddsp_tf.inference.player import Player
from ddsp_tf.inference.render import Render
from ddsp_tf.inference.render_report import RenderReport
from ddsp_tf.inference.streaming import Streamer
from ddsp_tf.inference.style import Style
from ddsp_tf.inference.timbre_transfer import TimbreTransfer
from ddsp_tf.inference.transfer_report import TransferReport
from ddsp_tf.inference.transfer_result import TransferResult
from ddsp_tf.inference.transfer_sample import TransferSample

__all__ = [
    "ColumnTransfer",
    "ColumnTransferReport",
    "ColumnTransferResult",
    "Curves",
    "Design",
    "EditedFeatures",
    "Edits",
    "Effect",
    "FoundRoom",
    "HeardRoom",
    "MagnitudeResponse",
    "Match",
    "Performance",
    "Player",
    "Render",
    "RenderReport",
    "Streamer",
    "Style",
    "TimbreTransfer",
    "TransferReport",
    "TransferResult",
    "TransferSample",
    "TreatedFile",
    "autotune",
    "can_design",
    "can_hear_rooms",
    "choose_octave",
    "design_filter",
    "estimate_tuning",
    "find_room",
    "hear_room",
    "match",
    "match_loudness",
    "perform",
    "refine_roots",
    "top_line",
]
