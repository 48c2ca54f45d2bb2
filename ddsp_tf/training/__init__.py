"""Training in a run directory."""

from ddsp_tf.training.checkpoints import Checkpoints
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
    "Progress",
    "RunDirectory",
    "TrainResult",
    "Trainer",
    "TrainingStatus",
    "WarmupExponentialDecay",
    "WeightAverage",
    "adam",
    "get_strategy",
    "train",
]
