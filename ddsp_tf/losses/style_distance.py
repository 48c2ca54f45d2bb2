"""How unlike two sounds are in tone and dynamics, whatever they play."""

from collections.abc import Mapping, Sequence
from typing import Any

import keras
import numpy as np
import tensorflow as tf

from ddsp_tf import dsp
from ddsp_tf.errors import ArgumentError

_FLOOR = 1e-5
_PAUSE_DB = 50.0


@keras.saving.register_keras_serializable("ddsp_tf")
class StyleDistance:
    """Compares two sounds of any lengths by what a production gives them, in dB.

    The sum of means of absolute differences: of the mean level in each third of an octave; and, for
    each length of frames, of the levels of frames, sorted, from the softest to the loudest of each.
    Frames 50 dB below a sound's loudest are pauses and don't count. 0 for a sound and itself, in
    whatever order.

    Args:
        sample_rate: In Hz.
        lowest_hz: Centre of the lowest third of an octave, above 0; the highest ends below half the
            sample rate.
        n_levels: Levels compared, at even parts of the sorted frames, at least 2.
        frames_s: Lengths of frames in seconds; the first is that of the bands, too.

    Raises:
        ArgumentError: A number is out of range.

    Example:
        >>> sound = tf.random.stateless_normal([1, 16000], [1, 2])
        >>> distance = StyleDistance(sample_rate=16000)
        >>> round(float(distance(sound, 0.5 * sound)), 1)
        18.1
    """

    def __init__(
        self,
        *,
        sample_rate: int = 24000,
        lowest_hz: float = 62.5,
        n_levels: int = 24,
        frames_s: Sequence[float] = (0.05, 0.4),
    ) -> None:
        lengths = tuple(frames_s)
        if sample_rate < 1 or n_levels < 2 or not lengths or min(lowest_hz, *lengths) <= 0.0:
            raise ArgumentError(
                "`sample_rate`, `lowest_hz` and `frames_s` should be above 0 and `n_levels` at "
                f"least 2. Received {sample_rate}, {lowest_hz}, {list(lengths)} and {n_levels}."
            )
        self.sample_rate = sample_rate
        self.lowest_hz = lowest_hz
        self.n_levels = n_levels
        self.frames_s = lengths
        self._places = np.linspace(0.02, 0.98, n_levels, dtype=np.float32)

    def __call__(self, target: tf.Tensor, value: tf.Tensor) -> tf.Tensor:
        """Gives the distance, a mean over the batch.

        Args:
            target: `[batch, n_samples]`.
            value: `[batch, n_samples]`, of any other length.
        """
        return tf.add_n(list(self.terms(self.describe(target), value).values()))

    def terms(self, described: Mapping[str, tf.Tensor], value: tf.Tensor) -> dict[str, tf.Tensor]:
        """Gives what the distance is the sum of: `tone`, and `levels_...` of each length.

        Args:
            described: What `describe` says of the target.
            value: `[batch, n_samples]`.
        """
        ours = self.describe(value)
        return {key: tf.reduce_mean(tf.abs(x - described[key])) for key, x in ours.items()}

    def get_config(self) -> dict[str, Any]:
        """Gives the constructor's arguments."""
        return {
            "sample_rate": self.sample_rate,
            "lowest_hz": self.lowest_hz,
            "n_levels": self.n_levels,
            "frames_s": list(self.frames_s),
        }

    @classmethod
    def from_config(cls, config: dict[str, Any]) -> "StyleDistance":
        """Makes it again from `get_config`."""
        return cls(**config)

    def describe(self, sound: tf.Tensor) -> dict[str, tf.Tensor]:
        """Gives what of a sound is compared, in dB.

        Args:
            sound: `[batch, n_samples]`.

        Returns:
            Mean levels of bands, `tone` `[batch, n_bands]`; and sorted levels of each length of
            frames, `levels_...` `[batch, n_levels]`.
        """
        sound = tf.cast(sound, tf.float32)
        described = {}
        for number, seconds in enumerate(self.frames_s):
            frame_length = max(16, round(seconds * self.sample_rate))
            hop_length = frame_length // 2
            frames = dsp.frame(sound, frame_length, hop_length)
            levels = dsp.power_to_db(tf.reduce_mean(tf.square(frames), axis=2) + _FLOOR**2)
            loudest = tf.reduce_max(levels, axis=1, keepdims=True)
            heard = tf.stop_gradient(tf.cast(levels > loudest - _PAUSE_DB, tf.float32))
            count = tf.reduce_sum(heard, axis=1, keepdims=True)
            described[f"levels_{seconds:g}"] = dsp.quantiles_where(
                levels, heard > 0.0, self._places
            )
            if not number:
                # Frames twice as long tell thirds of an octave apart in the bass.
                magnitudes = dsp.stft_magnitude(
                    sound, fft_length=2 * frame_length, hop_length=hop_length
                )
                power = tf.reduce_sum(tf.square(magnitudes) * heard[:, :, tf.newaxis], axis=1)
                bands = tf.matmul(power / (count * frame_length**2), self._thirds(frame_length))
                described["tone"] = dsp.power_to_db(bands + _FLOOR**2)
        return described

    def _thirds(self, frame_length: int) -> tf.Tensor:
        """Which bins are in which third of an octave, `[n_bins, n_bands]`."""
        hz = np.arange(frame_length + 1) * self.sample_rate / (2 * frame_length)
        edge = 2.0 ** (1.0 / 6.0)
        n_bands = int(3.0 * np.log2(self.sample_rate / 2.0 / edge / self.lowest_hz)) + 1
        centers = self.lowest_hz * 2.0 ** (np.arange(n_bands) / 3.0)
        within = (hz[:, np.newaxis] >= centers / edge) & (hz[:, np.newaxis] < centers * edge)
        return tf.constant(within, tf.float32)
