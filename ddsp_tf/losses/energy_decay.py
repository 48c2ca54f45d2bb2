"""How energy decays in each octave, compared."""

from collections.abc import Sequence
from typing import Any

import keras
import numpy as np
import tensorflow as tf

from ddsp_tf.dsp.filters import fast_fft_length
from ddsp_tf.dsp.room_acoustics import OCTAVES_HZ, octave_weights
from ddsp_tf.errors import ArgumentError

_SILENCE = 1e-12


@keras.saving.register_keras_serializable("ddsp_tf")
class EnergyDecay:
    """Mean difference in dB between the energy decays of two impulse responses, octave by octave.

    The decay is Schroeder's backward integral, in dB of the target's energy in that octave, so
    levels count too. It is compared where the target is above `-range_db`.

    Args:
        sample_rate: In Hz.
        range_db: Above 0; T30 is read down to 35 dB.
        weight: Of a decibel in the loss.
        bands_hz: Octaves; those at 0.7 of half the sample rate and above are left out.

    Raises:
        ArgumentError: A range or weight that isn't above 0, or no octave that is left.

    Example:
        >>> loss = EnergyDecay(sample_rate=16000)
        >>> sound = tf.random.stateless_normal([1, 8000], [1, 2])
        >>> round(float(loss(sound, 0.5 * sound)), 2)
        6.02

    Reference:
        Jot 1992, "An analysis/synthesis approach to real-time artificial reverberation" (energy
        decay relief).
    """

    name = "energy_decay_db"

    def __init__(
        self,
        *,
        sample_rate: int = 48000,
        range_db: float = 40.0,
        weight: float = 1.0,
        bands_hz: Sequence[float] = OCTAVES_HZ,
    ) -> None:
        self.bands_hz = [hz for hz in bands_hz if hz < 0.35 * sample_rate]
        if range_db <= 0 or weight <= 0 or not self.bands_hz:
            raise ArgumentError(
                "`range_db` and `weight` should be above 0 and `bands_hz` hold an octave below "
                f"{0.35 * sample_rate:g} Hz. Received {range_db}, {weight} and {list(bands_hz)}."
            )
        self.sample_rate = sample_rate
        self.range_db = range_db
        self.weight = weight

    def __call__(self, target: tf.Tensor, value: tf.Tensor) -> tf.Tensor:
        """Gives the loss.

        Args:
            target: `[batch, n_samples]`, of a static length.
            value: Of the same shape.

        Raises:
            ArgumentError: Their shapes differ, or they aren't `[batch, n_samples]`.
        """
        target, value = tf.cast(target, tf.float32), tf.cast(value, tf.float32)
        if target.shape.rank != 2 or not target.shape.is_compatible_with(value.shape):
            raise ArgumentError(
                "Both sounds should be [batch, n_samples] and of one shape. "
                f"Received {target.shape} and {value.shape}."
            )
        n_samples = target.shape[1]
        length = fast_fft_length(2 * max(n_samples, 1))
        hz = np.fft.rfftfreq(length, 1 / self.sample_rate)
        weights = np.sqrt(octave_weights(hz, self.bands_hz)).astype(np.complex64)
        spectra = [tf.signal.rfft(x, [length]) for x in (target, value)]
        total = tf.constant(0.0)
        for row in weights:
            # One octave after the other, so that no more than one is held.
            wanted, made = (
                tf.cumsum(
                    tf.square(tf.signal.irfft(x * row, [length])[:, :n_samples]), 1, reverse=True
                )
                for x in spectra
            )
            whole = tf.maximum(wanted[:, :1], _SILENCE)
            wanted_db, made_db = (_db(x / whole) for x in (wanted, made))
            heard = tf.cast(wanted_db > -self.range_db, tf.float32)
            error = tf.reduce_sum(heard * tf.abs(wanted_db - made_db), axis=1)
            total += tf.reduce_mean(error / tf.maximum(tf.reduce_sum(heard, axis=1), 1.0))
        return self.weight * total / len(weights)

    def get_config(self) -> dict[str, Any]:
        """Gives the constructor's arguments."""
        return {
            "sample_rate": self.sample_rate,
            "range_db": self.range_db,
            "weight": self.weight,
            "bands_hz": self.bands_hz,
        }

    @classmethod
    def from_config(cls, config: dict[str, Any]) -> "EnergyDecay":
        """Makes it again from `get_config`."""
        return cls(**config)


def _db(share: tf.Tensor) -> tf.Tensor:
    return 10.0 / np.log(10.0) * tf.math.log(tf.maximum(share, 1e-9))
