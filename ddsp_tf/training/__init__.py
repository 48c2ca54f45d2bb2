"""Training in a run directory, and evaluation on held-out recordings."""

from ddsp_tf.training.checkpoints import Checkpoints
from ddsp_tf.training.evaluation import compare, evaluate
from ddsp_tf.training.evaluation_report import EvaluationReport, RecordingMetrics
from ddsp_tf.training.metrics import (
    PitchErrors,
    log_mel_distance_db,
    loudness_distance_db,
    pitch_errors,
    spectral_distance,
)
from ddsp_tf.training.optimization import WarmupExponentialDecay, adam
from ddsp_tf.training.progress import Progress, TrainingStatus
from ddsp_tf.training.run_directory import RunDirectory
from ddsp_tf.training.run_training import train
from ddsp_tf.training.strategies import get_strategy
from ddsp_tf.training.trainer import Trainer
from ddsp_tf.training.training_run import TrainResult
from ddsp_tf.training.weight_average import WeightAverage

__all__ = [
    "Checkpoints",
    "EvaluationReport",
    "PitchErrors",
    "Progress",
    "RecordingMetrics",
    "RunDirectory",
    "TrainResult",
    "Trainer",
    "TrainingStatus",
    "WarmupExponentialDecay",
    "WeightAverage",
    "adam",
    "compare",
    "evaluate",
    "get_strategy",
    "log_mel_distance_db",
    "loudness_distance_db",
    "pitch_errors",
    "spectral_distance",
    "train",
]
