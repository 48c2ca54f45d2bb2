"""What a neural source-filter model begins with: sines or cyclic noise where there is a voice."""

import math
from typing import Any, Literal, get_args

import keras
import tensorflow as tf

from ddsp_tf.dsp import gaussian_noise, uniform_noise
from ddsp_tf.dsp.excitation import cyclic_noise, sine_bank, stream_turns
from ddsp_tf.dsp.shapes import size
from ddsp_tf.errors import ArgumentError

Excitation = Literal["sines", "cyclic_noise"]

AMPLITUDE = 0.1
"""Of each sine; the noise of what has no pitch has a third of it."""

_VOICED_NOISE = 0.003
_SHIFT_SEED, _HARMONIC_SEED, _NOISE_SEED = 101, 211, 307


@keras.saving.register_keras_serializable("ddsp_tf")
class SourceModule(keras.layers.Layer):
    """Gives an excitation of harmonics and one of noise.

    The first is `tanh(sum_k w_k e_k + b)`, w and b learned: e_k is a sine of amplitude 0.1 at k
    times the pitch with noise of the deviation 0.003 where there is a voice, and noise of 0.1 / 3
    where there is none. The fundamental starts at 0, the other sines anywhere. The second is noise
    of 0.1 / 3. With `excitation="cyclic_noise"` that noise, decaying from each period's begin,
    takes the place of the sines.

    Args:
        n_harmonics: Sines.
        excitation: "sines" or "cyclic_noise".
        sample_rate: In Hz.
        hop_length: Samples per frame.
        name: The layer's name.

    Raises:
        ArgumentError: No sine, or another excitation.

    Example:
        >>> source = SourceModule(sample_rate=16000, hop_length=80)
        >>> silent = tf.zeros([1, 26, 1])
        >>> (harmonic, noise), _ = source(silent, silent, tf.constant(0), source.initial_state(1))
        >>> harmonic.shape, round(float(tf.math.reduce_std(noise)), 2)
        (TensorShape([1, 2000, 1]), 0.03)

    Reference:
        Wang, Takaki and Yamagishi 2019, "Neural source-filter waveform models for statistical
        parametric speech synthesis", section III-C; Wang and Yamagishi 2020, "Using cyclic noise as
        the source signal for neural source-filter-based speech waveform model".
    """

    def __init__(
        self,
        n_harmonics: int = 8,
        *,
        excitation: Excitation = "sines",
        sample_rate: int = 16000,
        hop_length: int = 80,
        name: str = "source",
        **kwargs: Any,
    ) -> None:
        super().__init__(name=name, **kwargs)
        if n_harmonics < 1:
            raise ArgumentError(f"`n_harmonics` should be at least 1. Received {n_harmonics}.")
        if excitation not in get_args(Excitation):
            raise ArgumentError(
                f'`excitation` should be "sines" or "cyclic_noise". Received {excitation!r}.'
            )
        self.n_harmonics = n_harmonics
        self.excitation = excitation
        self.sample_rate = sample_rate
        self.hop_length = hop_length

    def build(self, *input_shapes: Any) -> None:
        """Makes the weights that merge the sines, which begin as their mean."""
        del input_shapes
        count = self.n_harmonics if self.excitation == "sines" else 1
        even = keras.initializers.Constant(1.0 / math.sqrt(count))
        self.weights_of_sines = self.add_weight(name="merge", shape=[count], initializer=even)
        self.bias = self.add_weight(name="bias", shape=[], initializer="zeros")
        self.built = True

    def call(
        self, f0_hz: tf.Tensor, voiced: tf.Tensor, seed: tf.Tensor, state: dict[str, Any]
    ) -> tuple[tuple[tf.Tensor, tf.Tensor], dict[str, Any]]:
        """Makes a block.

        Args:
            f0_hz: `[batch, n_frames + 1, 1]`, in Hz, the last towards which the pitch glides.
            voiced: 1 where there is a voice and 0 elsewhere, of the same shape; each frame's holds
                for its samples.
            seed: Of the noise, and of where the sines begin.
            state: As `initial_state` or the block before gave.

        Returns:
            Both excitations, `[batch, n_frames * hop_length, 1]`, and the state that follows.
        """
        rows = size(f0_hz, 0)
        n_samples = (size(f0_hz, 1) - 1) * self.hop_length
        turns, following = stream_turns(
            f0_hz,
            initial_turns=state["turns"],
            hop_length=self.hop_length,
            sample_rate=self.sample_rate,
        )
        here_hz, spoken = (held(x[:, :-1], self.hop_length)[..., 0] for x in (f0_hz, voiced))
        start = state["frame"] * self.hop_length
        seed = tf.cast(seed, tf.int64)
        first, second = (
            gaussian_noise(rows, n_samples, seed=seed + offset, start=start)
            for offset in (_HARMONIC_SEED, _NOISE_SEED)
        )
        if self.excitation == "sines":
            periodic = self._sines(turns, here_hz, seed)
        else:
            periodic = (
                AMPLITUDE
                / 3.0
                * self.weights_of_sines
                * cyclic_noise(turns, here_hz, sample_rate=self.sample_rate)
            )
        # Noises of their own, weighted and summed, are one of the norm of the weights.
        norm = tf.sqrt(tf.reduce_sum(tf.square(self.weights_of_sines)) + 1e-12)
        level = _VOICED_NOISE * spoken + AMPLITUDE / 3.0 * (1.0 - spoken)
        merged = tf.tanh(spoken * periodic + level * norm * first + self.bias)
        n_frames = tf.cast(size(f0_hz, 1) - 1, tf.int64)
        state = {"turns": following, "frame": (state["frame"] + n_frames) % 2**32}
        return (merged[..., tf.newaxis], AMPLITUDE / 3.0 * second[..., tf.newaxis]), state

    def _sines(self, turns: tf.Tensor, f0_hz: tf.Tensor, seed: tf.Tensor) -> tf.Tensor:
        anywhere = uniform_noise(size(turns, 0), self.n_harmonics, seed=seed + _SHIFT_SEED)
        shifts = anywhere * tf.constant([0.0] + [1.0] * (self.n_harmonics - 1))
        highest = tf.math.divide_no_nan(0.5 * self.sample_rate, f0_hz)
        sines = sine_bank(turns, shifts, highest=highest)
        return AMPLITUDE * tf.linalg.matvec(sines, self.weights_of_sines)

    def initial_state(self, batch_size: int | tf.Tensor) -> dict[str, Any]:
        """Phase 0, and the place in the noise."""
        return {"turns": tf.zeros([batch_size, 1], tf.float64), "frame": tf.zeros([], tf.int64)}

    def get_config(self) -> dict[str, Any]:
        """Gives the constructor's arguments."""
        keys = ("n_harmonics", "excitation", "sample_rate", "hop_length")
        return {**super().get_config(), **{key: getattr(self, key) for key in keys}}


def held(frames: tf.Tensor, hop_length: int) -> tf.Tensor:
    """Gives each frame's value to all of its samples."""
    shape = [size(frames, 0), size(frames, 1) * hop_length, frames.shape[-1]]
    return tf.reshape(tf.repeat(frames[:, :, tf.newaxis], hop_length, axis=2), shape)
