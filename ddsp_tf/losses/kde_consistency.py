"""How well two sets of sinusoids explain each other, whatever their order and number."""

from collections.abc import Mapping
from typing import Any

import keras
import tensorflow as tf

from ddsp_tf import dsp
from ddsp_tf.dsp.densities import mixture
from ddsp_tf.errors import ArgumentError

_LEAST_AMPLITUDE = 1e-7


@keras.saving.register_keras_serializable("ddsp_tf")
class KdeConsistency:
    """Compares sets of sinusoids by the density that each makes over pitch.

    In every frame a set is a mixture of normals over MIDI pitch, one around each sinusoid, weighted
    by its amplitude: `q_b(m) = sum_j a_j / sum(a) * N(m; m_j, sigma)`. The loss of a given b is the
    mean over its sinusoids of `a_i / sum(a) * -ln q_b(m_i)`; it is taken both ways, and the
    difference of the mean amplitudes is added. All is averaged over batch and frames.

    The mean over sinusoids makes a set of many count less than one of few; with `total` they are
    added up, so that sets of different sizes can be compared.

    Args:
        output_weight: Of the output's sinusoids under the target's density, >= 0.
        target_weight: Of the target's sinusoids under the output's density, >= 0.
        amplitude_weight: Of the absolute difference of the mean amplitudes, >= 0.
        scale_semitones: Standard deviation of the normals, > 0.
        total: Whether a set's sinusoids are added up instead of averaged.
        name: What the loss is called.

    Raises:
        ArgumentError: A weight is negative, or the scale isn't positive.

    Example:
        >>> loss = KdeConsistency()
        >>> a4 = {"amplitudes": tf.ones([1, 1, 1]), "frequencies_hz": tf.fill([1, 1, 1], 440.0)}
        >>> round(float(loss(a4, a4)), 3)
        -2.767

    Reference:
        Engel et al. 2020, "Self-supervised Pitch Detection by Inverse Audio Synthesis", the
        sinusoidal consistency loss.
    """

    def __init__(
        self,
        *,
        output_weight: float = 1.0,
        target_weight: float = 1.0,
        amplitude_weight: float = 1.0,
        scale_semitones: float = 0.1,
        total: bool = False,
        name: str = "kde_consistency",
    ) -> None:
        weights = {
            "output_weight": output_weight,
            "target_weight": target_weight,
            "amplitude_weight": amplitude_weight,
        }
        for key, weight in weights.items():
            if weight < 0:
                raise ArgumentError(f"`{key}` should not be negative. Received {weight}.")
        if not scale_semitones > 0:
            raise ArgumentError(f"`scale_semitones` should be above 0. Received {scale_semitones}.")
        self.output_weight = output_weight
        self.target_weight = target_weight
        self.amplitude_weight = amplitude_weight
        self.scale_semitones = scale_semitones
        self.total = total
        self.name = name

    def __call__(
        self, target: Mapping[str, tf.Tensor], output: Mapping[str, tf.Tensor]
    ) -> tf.Tensor:
        """Compares two sets of sinusoids.

        Args:
            target: "amplitudes", linear and >= 0, and "frequencies_hz", each
                `[batch, n_frames, n_sinusoids]`.
            output: The same, with the same batch and frames and any number of sinusoids.

        Returns:
            A scalar. It may be negative: a density isn't a probability.

        Raises:
            ArgumentError: Batch or frames differ, or amplitudes and frequencies do.
        """
        of_target, of_output = _Sinusoids(target, "target"), _Sinusoids(output, "output")
        if not of_target.midi.shape[:2].is_compatible_with(of_output.midi.shape[:2]):
            raise ArgumentError(
                "`target` and `output` should have the same batch and frames. Received shapes "
                f"{of_target.midi.shape} and {of_output.midi.shape}."
            )
        loss = self.output_weight * self._surprise(of_output, of_target)
        loss += self.target_weight * self._surprise(of_target, of_output)
        means = (tf.reduce_mean(set_.amplitudes, axis=-1) for set_ in (of_target, of_output))
        return loss + self.amplitude_weight * tf.reduce_mean(tf.abs(tf.subtract(*means)))

    def _surprise(self, seen: "_Sinusoids", expected: "_Sinusoids") -> tf.Tensor:
        """The weighted negative log-likelihood of a set under the density of another."""
        log_density = expected.density(self.scale_semitones).log_prob(seen.midi)
        combine = tf.reduce_sum if self.total else tf.reduce_mean
        return tf.reduce_mean(combine(-seen.weights * log_density, axis=-1))

    def get_config(self) -> dict[str, Any]:
        """Gives the constructor's arguments."""
        return {
            "output_weight": self.output_weight,
            "target_weight": self.target_weight,
            "amplitude_weight": self.amplitude_weight,
            "scale_semitones": self.scale_semitones,
            "total": self.total,
            "name": self.name,
        }

    @classmethod
    def from_config(cls, config: dict[str, Any]) -> "KdeConsistency":
        """Makes it again from `get_config`."""
        return cls(**config)


class _Sinusoids:
    """Pitches in MIDI, amplitudes, and their shares of the sum, `[batch, n_frames, n]`."""

    def __init__(self, given: Mapping[str, tf.Tensor], name: str) -> None:
        amplitudes = tf.cast(given["amplitudes"], tf.float32)
        f_hz = tf.cast(given["frequencies_hz"], tf.float32)
        if amplitudes.shape.rank != 3 or not amplitudes.shape.is_compatible_with(f_hz.shape):
            raise ArgumentError(
                f"`{name}` should have `amplitudes` and `frequencies_hz` of one shape [batch, "
                f"n_frames, n_sinusoids]. Received {amplitudes.shape} and {f_hz.shape}."
            )
        self.midi = dsp.hz_to_midi(f_hz)
        # Silence has a density too: that of all its sinusoids alike.
        self.amplitudes = tf.maximum(amplitudes, _LEAST_AMPLITUDE)
        self.weights = self.amplitudes / tf.reduce_sum(self.amplitudes, axis=-1, keepdims=True)

    def density(self, scale: float) -> Any:
        """The mixture, of batch `[batch, n_frames, 1]`, so that it takes any number of values."""
        logits = tf.math.log(self.weights)[..., tf.newaxis, :]
        return mixture(logits, self.midi[..., tf.newaxis, :], scale)
