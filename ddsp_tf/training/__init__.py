"""Training in a run directory, and evaluation on held-out recordings."""

from ddsp_tf.training.checkpoints import Checkpoints
from ddsp_tf.training.comparison import Comparison
from ddsp_tf.training.evaluation import compare, evaluate, measure
from ddsp_tf.training.evaluation_report import EvaluationReport, RecordingMetrics
from ddsp_tf.training.harmonic_analysis import HarmonicAnalysis, analyze_harmonics
from ddsp_tf.training.mel_metrics import log_mel_l1, mel_cepstral_distortion_db
from ddsp_tf.training.metrics import (
    PitchErrors,
    log_mel_distance_db,
    loudness_distance_db,
    pitch_errors,
    spectral_distance,
)
from ddsp_tf.training.onsets import find_onsets, onset_sharpness
from ddsp_tf.training.optimization import WarmupExponentialDecay, adam
from ddsp_tf.training.progress import Progress, TrainingStatus
from ddsp_tf.training.run_directory import RunDirectory
from ddsp_tf.training.run_training import train
from ddsp_tf.training.sound_folder import SoundFolder
from ddsp_tf.training.strategies import get_strategy
from ddsp_tf.training.timbre import Timbre
from ddsp_tf.training.trainer import Trainer
from ddsp_tf.training.training_run import TrainResult
from ddsp_tf.training.transfer_quality import TransferQuality, TransferredMelody
from ddsp_tf.training.weight_average import WeightAverage

__all__ = [
    "Checkpoints",
    "Comparison",
    "EvaluationReport",
    "HarmonicAnalysis",
    "PitchErrors",
    "Progress",
    "RecordingMetrics",
    "RunDirectory",
    "SoundFolder",
    "Timbre",
    "TrainResult",
    "Trainer",
    "TrainingStatus",
    "TransferQuality",
    "TransferredMelody",
    "WarmupExponentialDecay",
    "WeightAverage",
    "adam",
    "analyze_harmonics",
    "compare",
    "evaluate",
    "find_onsets",
    "get_strategy",
    "log_mel_distance_db",
    "log_mel_l1",
    "loudness_distance_db",
    "measure",
    "mel_cepstral_distortion_db",
    "onset_sharpness",
    "pitch_errors",
    "spectral_distance",
    "train",
]
