"""How near a model's sound comes to the recordings, and how that is reported."""

from ddsp_tf.evaluation.by_instrument import InstrumentReports, evaluate_instruments
from ddsp_tf.evaluation.comparison import Comparison
from ddsp_tf.evaluation.evaluation import compare, evaluate, measure
from ddsp_tf.evaluation.evaluation_report import EvaluationReport, RecordingMetrics
from ddsp_tf.evaluation.mel_metrics import log_mel_l1, mel_cepstral_distortion_db
from ddsp_tf.evaluation.metric import Metric, MetricTable
from ddsp_tf.evaluation.metrics import (
    PitchErrors,
    log_mel_distance_db,
    loudness_distance_db,
    pitch_errors,
    pitch_outlier_share,
    spectral_distance,
)
from ddsp_tf.evaluation.model_card import model_card
from ddsp_tf.evaluation.note_agreement import frame_agreement, note_agreement
from ddsp_tf.evaluation.onset_agreement import OnsetAgreement, onset_agreement
from ddsp_tf.evaluation.onsets import find_onsets, onset_sharpness
from ddsp_tf.evaluation.reconstruction import RECONSTRUCTION, Imitation
from ddsp_tf.evaluation.sound_folder import SoundFolder
from ddsp_tf.evaluation.timbre import Timbre
from ddsp_tf.evaluation.transfer_quality import TRANSFER, TransferQuality, TransferredMelody
from ddsp_tf.features.harmonic_analysis import HarmonicAnalysis, analyze_harmonics

__all__ = [
    "RECONSTRUCTION",
    "TRANSFER",
    "Comparison",
    "EvaluationReport",
    "HarmonicAnalysis",
    "Imitation",
    "InstrumentReports",
    "Metric",
    "MetricTable",
    "OnsetAgreement",
    "PitchErrors",
    "RecordingMetrics",
    "SoundFolder",
    "Timbre",
    "TransferQuality",
    "TransferredMelody",
    "analyze_harmonics",
    "compare",
    "evaluate",
    "evaluate_instruments",
    "find_onsets",
    "frame_agreement",
    "log_mel_distance_db",
    "log_mel_l1",
    "loudness_distance_db",
    "measure",
    "mel_cepstral_distortion_db",
    "model_card",
    "note_agreement",
    "onset_agreement",
    "onset_sharpness",
    "pitch_errors",
    "pitch_outlier_share",
    "spectral_distance",
]
