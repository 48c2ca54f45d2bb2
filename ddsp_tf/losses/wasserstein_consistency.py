"""How far the sound of one set of sinusoids has to be moved to become that of another."""

from collections.abc import Mapping
from typing import Any

import keras
import tensorflow as tf

from ddsp_tf import dsp
from ddsp_tf.errors import ArgumentError

_LEAST = 1e-7


@keras.saving.register_keras_serializable("ddsp_tf")
class WassersteinConsistency:
    """The mean distance in semitones between two sets of sinusoids, weighted by amplitude.

    In every frame a set is a distribution over MIDI pitch. The area between both cumulative
    distributions is how far its mass has to move (Wasserstein-1). It grows with the distance
    however far apart they are, where the density of `KdeConsistency` is flat.

    Args:
        name: What the loss is called.

    Example:
        >>> a4 = {"amplitudes": tf.ones([1, 1, 1]), "frequencies_hz": tf.fill([1, 1, 1], 440.0)}
        >>> a5 = {**a4, "frequencies_hz": tf.fill([1, 1, 1], 880.0)}
        >>> round(float(WassersteinConsistency()(a4, a5)), 3)
        12.0

    Reference:
        Engel et al. 2020, "Self-supervised Pitch Detection by Inverse Audio Synthesis"; both
        distributions are normalised here.
    """

    def __init__(self, *, name: str = "wasserstein_consistency") -> None:
        self.name = name

    def __call__(
        self, target: Mapping[str, tf.Tensor], output: Mapping[str, tf.Tensor]
    ) -> tf.Tensor:
        """Compares two sets of sinusoids.

        Args:
            target: "amplitudes", linear and >= 0, and "frequencies_hz", each
                `[batch, n_frames, n_sinusoids]`.
            output: The same, of any number of sinusoids.

        Returns:
            A scalar, >= 0.

        Raises:
            ArgumentError: Batch or frames differ, or amplitudes and frequencies do.
        """
        (midi, share), (other_midi, other_share) = _read(target), _read(output)
        if not midi.shape[:2].is_compatible_with(other_midi.shape[:2]):
            raise ArgumentError(
                "`target` and `output` should have the same batch and frames. Received shapes "
                f"{midi.shape} and {other_midi.shape}."
            )
        places = tf.concat([midi, other_midi], axis=-1)
        order = tf.argsort(places, axis=-1)
        masses = tf.gather(tf.concat([share, -other_share], axis=-1), order, axis=-1, batch_dims=2)
        places = tf.gather(places, order, axis=-1, batch_dims=2)
        between = tf.abs(tf.cumsum(masses, axis=-1))[..., :-1]
        widths = places[..., 1:] - places[..., :-1]
        return tf.reduce_mean(tf.reduce_sum(between * widths, axis=-1))

    def get_config(self) -> dict[str, Any]:
        """Gives the constructor's arguments."""
        return {"name": self.name}

    @classmethod
    def from_config(cls, config: dict[str, Any]) -> "WassersteinConsistency":
        """Makes it again from `get_config`."""
        return cls(**config)


def _read(given: Mapping[str, tf.Tensor]) -> tuple[tf.Tensor, tf.Tensor]:
    """MIDI pitches and shares of the amplitude."""
    amplitudes = tf.maximum(tf.cast(given["amplitudes"], tf.float32), _LEAST)
    f_hz = tf.cast(given["frequencies_hz"], tf.float32)
    if amplitudes.shape.rank != 3 or not amplitudes.shape.is_compatible_with(f_hz.shape):
        raise ArgumentError(
            "`amplitudes` and `frequencies_hz` should have one shape [batch, n_frames, "
            f"n_sinusoids]. Received {amplitudes.shape} and {f_hz.shape}."
        )
    return dsp.hz_to_midi(f_hz), amplitudes / tf.reduce_sum(amplitudes, axis=-1, keepdims=True)
