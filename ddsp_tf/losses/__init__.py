"""Losses of two sounds, and the objectives that training minimises."""

from ddsp_tf.discovery import discovered
from ddsp_tf.losses.adversarial import Adversarial
from ddsp_tf.losses.compare import Compare
from ddsp_tf.losses.framed_loss import FramedLoss, FramedPart
from ddsp_tf.losses.loudness import Loudness
from ddsp_tf.losses.objective import (
    Objective,
    framed_losses_of,
    require_objective,
    variables_of,
)
from ddsp_tf.losses.objectives import Objectives
from ddsp_tf.losses.regularizer import Regularizer
from ddsp_tf.losses.spectra import Spectra
from ddsp_tf.losses.spectral_loss import SpectralLoss
from ddsp_tf.losses.terms.band_level import BandLevel
from ddsp_tf.losses.terms.cumulative_frequency import CumulativeFrequency
from ddsp_tf.losses.terms.delta_frequency import DeltaFrequency
from ddsp_tf.losses.terms.delta_time import DeltaTime
from ddsp_tf.losses.terms.log_magnitude import LOG_FLOOR, LogMagnitude
from ddsp_tf.losses.terms.magnitude import Magnitude
from ddsp_tf.losses.terms.term import Term

__all__ = [
    "LOG_FLOOR",
    "Adversarial",
    "BandLevel",
    "Compare",
    "CumulativeFrequency",
    "DeltaFrequency",
    "DeltaTime",
    "FramedLoss",
    "FramedPart",
    "LogMagnitude",
    "Loudness",
    "Magnitude",
    "Objective",
    "Objectives",
    "Regularizer",
    "Spectra",
    "SpectralLoss",
    "Term",
    "framed_losses_of",
    "require_objective",
    "variables_of",
]

__getattr__ = discovered(__name__, __path__)
