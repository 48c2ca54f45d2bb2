"""Losses of two sounds, and the objectives that training minimises."""

from ddsp_tf.discovery import discovered
from ddsp_tf.losses.terms.log_magnitude import LOG_FLOOR

__all__ = ["LOG_FLOOR", "Objective", "SpectralLoss", "require_objective", "variables_of"]

from ddsp_tf.losses.objective import Objective, require_objective, variables_of
from ddsp_tf.losses.spectral_loss import SpectralLoss

__getattr__ = discovered(__name__, __path__)
