"""Spectral and parameter losses."""

from ddsp_tf.discovery import discovered
from ddsp_tf.losses.spectral_loss import LOG_FLOOR, SpectralLoss

__all__ = ["LOG_FLOOR", "SpectralLoss"]

__getattr__ = discovered(__name__, __path__)
