"""Training in a run directory."""

from ddsp_tf.training.adversarial_phases import adversarial_phases
from ddsp_tf.training.checkpoints import Checkpoints
from ddsp_tf.training.limits import Limits
from ddsp_tf.training.optimization import Optimization, WarmupExponentialDecay
from ddsp_tf.training.phase import Phase
from ddsp_tf.training.progress import Progress, TrainingStatus
from ddsp_tf.training.run_directory import RunDirectory
from ddsp_tf.training.run_training import train
from ddsp_tf.training.schedule import Schedule
from ddsp_tf.training.strategies import get_strategy
from ddsp_tf.training.trainer import Trainer
from ddsp_tf.training.training_run import TrainResult
from ddsp_tf.training.weight_average import WeightAverage

__all__ = [
    "Checkpoints",
    "Limits",
    "Optimization",
    "Phase",
    "Progress",
    "RunDirectory",
    "Schedule",
    "TrainResult",
    "Trainer",
    "TrainingStatus",
    "WarmupExponentialDecay",
    "WeightAverage",
    "adversarial_phases",
    "get_strategy",
    "train",
]
