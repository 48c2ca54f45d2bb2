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
from ddsp_tf.inference.ensemble import Ensemble, EnsemblePlayer, EnsembleReport
from ddsp_tf.inference.find_room import (
    FoundRoom,
    HeardRoom,
    can_hear_rooms,
    find_room,
    hear_room,
)
from ddsp_tf.inference.humanise import humanise
from ddsp_tf.inference.loudness_matching import match_loudness
from ddsp_tf.inference.magnitude_response import MagnitudeResponse
from ddsp_tf.inference.masks import share_out, si_sdr_db
from ddsp_tf.inference.match import Match, match
from ddsp_tf.inference.octave import choose_octave
from ddsp_tf.inference.performer import Performance, Performer
from ddsp_tf.inference.performers import PERFORMERS, get_performer
from ddsp_tf.inference.plain_performer import PlainPerformer
from ddsp_tf.inference.player import Player
from ddsp_tf.inference.playing_files import PlayingFiles
from ddsp_tf.inference.render import Render
from ddsp_tf.inference.render_report import RenderReport
from ddsp_tf.inference.rule_performer import RulePerformer
from ddsp_tf.inference.search import METHODS, Found, search
from ddsp_tf.inference.separate import Separation, separate
from ddsp_tf.inference.streaming import Streamer
from ddsp_tf.inference.style import Style
from ddsp_tf.inference.timbre_transfer import TimbreTransfer
from ddsp_tf.inference.timbres import choose_timbre, hear_timbre, parse_timbre
from ddsp_tf.inference.trace_tract import (
    TracedTract,
    can_trace_tracts,
    neutral_diameters,
    trace_tract,
)
from ddsp_tf.inference.trained_performer import TrainedPerformer
from ddsp_tf.inference.transcribe import TranscriptionReport, transcribe, transcribe_file
from ddsp_tf.inference.transfer_report import TransferReport
from ddsp_tf.inference.transfer_result import TransferResult
from ddsp_tf.inference.transfer_sample import TransferSample
from ddsp_tf.inference.voice_change import VoiceChange
from ddsp_tf.inference.voice_edits import VoiceEdits
from ddsp_tf.inference.voice_pitches import pitches_of_curves, pitches_of_scores, tune_to_sound

__all__ = [
    "METHODS",
    "PERFORMERS",
    "ColumnTransfer",
    "ColumnTransferReport",
    "ColumnTransferResult",
    "Curves",
    "Design",
    "EditedFeatures",
    "Edits",
    "Effect",
    "Ensemble",
    "EnsemblePlayer",
    "EnsembleReport",
    "Found",
    "FoundRoom",
    "HeardRoom",
    "MagnitudeResponse",
    "Match",
    "Performance",
    "Performer",
    "PlainPerformer",
    "Player",
    "PlayingFiles",
    "Render",
    "RenderReport",
    "RulePerformer",
    "Separation",
    "Streamer",
    "Style",
    "TimbreTransfer",
    "TracedTract",
    "TrainedPerformer",
    "TranscriptionReport",
    "TransferReport",
    "TransferResult",
    "TransferSample",
    "TreatedFile",
    "VoiceChange",
    "VoiceEdits",
    "autotune",
    "can_design",
    "can_hear_rooms",
    "can_trace_tracts",
    "choose_octave",
    "choose_timbre",
    "design_filter",
    "estimate_tuning",
    "find_room",
    "get_performer",
    "hear_room",
    "hear_timbre",
    "humanise",
    "match",
    "match_loudness",
    "neutral_diameters",
    "parse_timbre",
    "pitches_of_curves",
    "pitches_of_scores",
    "refine_roots",
    "search",
    "separate",
    "share_out",
    "si_sdr_db",
    "trace_tract",
    "transcribe",
    "transcribe_file",
    "tune_to_sound",
]
