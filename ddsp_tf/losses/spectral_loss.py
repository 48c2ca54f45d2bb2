"""The multi-scale spectral loss."""

import functools
from collections.abc import Callable, Sequence
from typing import Any, Literal

import keras
import tensorflow as tf

from ddsp_tf import dsp
from ddsp_tf.errors import ArgumentError

LOG_FLOOR = 1e-5
"""Magnitudes are floored here before their logarithm, which bounds its gradient."""

_LOUDNESS_FRAME_RATE = 250

Comparison = Callable[[tf.Tensor, tf.Tensor], dict[str, tf.Tensor]]

_TERMS = (
    "magnitude",
    "log_magnitude",
    "delta_time",
    "delta_frequency",
    "cumulative_frequency",
)


@keras.saving.register_keras_serializable("ddsp_tf")
class SpectralLoss(keras.layers.Layer):
    """Compares spectrograms at several resolutions.

    For every FFT size, each term is the mean distance over batch, frames and bins; terms are
    weighted and summed over the sizes. Frames are Hann-windowed and centred.

    Args:
        fft_lengths: FFT sizes in samples.
        overlap: Share of a frame that the next one covers, in [0, 1).
        distance: "l1" (mean absolute) or "l2" (mean squared difference).
        magnitude_weight: Of the magnitudes.
        log_magnitude_weight: Of the natural logarithms of the magnitudes, floored at 1e-5.
        delta_time_weight: Of the magnitudes' differences from frame to frame.
        delta_frequency_weight: Of the magnitudes' differences from bin to bin.
        cumulative_frequency_weight: Of the magnitudes' cumulative sums over bins.
        loudness_weight: Of A-weighted loudness in dB, 250 times a second. It is what the model is
            told; the spectra alone leave it a decibel or two away from that.
        loudness_fft_length: FFT size of the loudness, in samples.
        sample_rate: In Hz; loudness needs it.
        name: The layer's name.

    Raises:
        ArgumentError: A negative weight, an overlap outside [0, 1), an unknown distance.

    Example:
        >>> loss = SpectralLoss()
        >>> audio = tf.random.stateless_normal([1, 16000], [1, 2])
        >>> float(loss(audio, audio))
        0.0

    Reference:
        Engel et al. 2020, section 4.2 ("multi-scale spectral loss") and its released code.
    """

    def __init__(
        self,
        *,
        fft_lengths: Sequence[int] = (2048, 1024, 512, 256, 128, 64),
        overlap: float = 0.75,
        distance: Literal["l1", "l2"] = "l1",
        magnitude_weight: float = 1.0,
        log_magnitude_weight: float = 1.0,
        delta_time_weight: float = 0.0,
        delta_frequency_weight: float = 0.0,
        cumulative_frequency_weight: float = 0.0,
        loudness_weight: float = 0.0,
        loudness_fft_length: int = 2048,
        sample_rate: int = 16000,
        name: str = "spectral_loss",
        **kwargs: Any,
    ) -> None:
        kwargs.pop("dtype", None)
        super().__init__(name=name, dtype="float32", **kwargs)
        if distance not in ("l1", "l2"):
            raise ArgumentError(f'`distance` should be "l1" or "l2". Received {distance!r}.')
        if not 0 <= overlap < 1:
            raise ArgumentError(f"`overlap` should be at least 0 and below 1. Received {overlap}.")
        self.fft_lengths = tuple(fft_lengths)
        self.overlap = overlap
        self.distance = distance
        self.magnitude_weight = magnitude_weight
        self.log_magnitude_weight = log_magnitude_weight
        self.delta_time_weight = delta_time_weight
        self.delta_frequency_weight = delta_frequency_weight
        self.cumulative_frequency_weight = cumulative_frequency_weight
        self.loudness_weight = loudness_weight
        self.loudness_fft_length = loudness_fft_length
        self.sample_rate = sample_rate
        for term in (*_TERMS, "loudness"):
            if getattr(self, f"{term}_weight") < 0:
                raise ArgumentError(
                    f"`{term}_weight` should not be negative. "
                    f"Received {getattr(self, f'{term}_weight')}."
                )

    def build(self, *input_shapes: Any) -> None:
        """Does nothing: the loss has no weights."""
        del input_shapes
        self.built = True

    def call(self, target_audio: tf.Tensor, audio: tf.Tensor) -> tf.Tensor:
        """Gives the weighted sum of all terms.

        Args:
            target_audio: `[batch, n_samples]`. No gradient flows to it.
            audio: `[batch, n_samples]`.

        Returns:
            A scalar, >= 0.
        """
        return self.with_terms(target_audio, audio)[0]

    def with_terms(
        self, target_audio: tf.Tensor, audio: tf.Tensor
    ) -> tuple[tf.Tensor, dict[str, tf.Tensor]]:
        """Gives the loss, whose gradient takes the memory of one FFT size, and its terms.

        The gradient is computed with the loss, one FFT size after the other, and only the slope
        over the audio is kept. In a graph that does not use it, it is not computed.

        Args:
            target_audio: `[batch, n_samples]`. No gradient flows to it.
            audio: `[batch, n_samples]`.

        Returns:
            The loss, a scalar, and what `terms` gives, through which no gradient flows.
        """
        target_audio = tf.stop_gradient(tf.cast(target_audio, tf.float32))
        names = self._term_names()
        if not names:
            return tf.zeros([]), {}

        @tf.custom_gradient
        def evaluate(audio: tf.Tensor) -> tuple[tuple[tf.Tensor, ...], Callable[..., tf.Tensor]]:
            values = dict.fromkeys(names, tf.zeros([]))
            slope = tf.zeros_like(audio)
            for comparison in self._comparisons():
                # Waits for the one before, or all would be in memory at once.
                with tf.control_dependencies([slope]):
                    target, here = tf.identity(target_audio), tf.identity(audio)
                with tf.GradientTape() as tape:
                    tape.watch(here)
                    terms = comparison(target, here)
                    total = tf.add_n(list(terms.values()))
                slope += tape.gradient(total, here)
                values.update({name: values[name] + value for name, value in terms.items()})

            def gradient(to_loss: tf.Tensor, *to_terms: tf.Tensor) -> tf.Tensor:
                del to_terms
                return to_loss * slope

            return (tf.add_n(list(values.values())), *values.values()), gradient

        loss, *terms = evaluate(tf.cast(audio, tf.float32))
        return loss, dict(zip(names, terms, strict=True))

    def terms(self, target_audio: tf.Tensor, audio: tf.Tensor) -> dict[str, tf.Tensor]:
        """Gives each term with a weight above zero, weighted and summed over FFT sizes.

        Args:
            target_audio: `[batch, n_samples]`. No gradient flows to it.
            audio: `[batch, n_samples]`.

        Returns:
            Scalars by name, such as `{"magnitude": ..., "log_magnitude": ...}`, each
            differentiable.
        """
        target_audio = tf.stop_gradient(tf.cast(target_audio, tf.float32))
        audio = tf.cast(audio, tf.float32)
        values = dict.fromkeys(self._term_names(), tf.zeros([]))
        for comparison in self._comparisons():
            for name, value in comparison(target_audio, audio).items():
                values[name] += value
        return values

    def _term_names(self) -> list[str]:
        return [term for term in (*_TERMS, "loudness") if getattr(self, f"{term}_weight") > 0]

    def _comparisons(self) -> list[Comparison]:
        """Functions (target, audio) -> weighted terms: one for each FFT size, one for loudness."""
        spectral = [name for name in self._term_names() if name != "loudness"]
        scales = self.fft_lengths if spectral else ()
        loudness = [self._compare_loudness] if self.loudness_weight > 0 else []
        return [*(functools.partial(self._compare, spectral, scale) for scale in scales), *loudness]

    def _compare(
        self, names: list[str], fft_length: int, target_audio: tf.Tensor, audio: tf.Tensor
    ) -> dict[str, tf.Tensor]:
        hop_length = max(1, round(fft_length * (1.0 - self.overlap)))
        target, value = (
            dsp.stft_magnitude(x, fft_length=fft_length, hop_length=hop_length)
            for x in (target_audio, audio)
        )
        return {
            name: getattr(self, f"{name}_weight")
            * self._difference(_view(name, target), _view(name, value))
            for name in names
        }

    def _compare_loudness(self, target_audio: tf.Tensor, audio: tf.Tensor) -> dict[str, tf.Tensor]:
        target, value = (
            dsp.a_weighted_loudness_db(
                x,
                sample_rate=self.sample_rate,
                hop_length=max(1, round(self.sample_rate / _LOUDNESS_FRAME_RATE)),
                fft_length=self.loudness_fft_length,
            )
            for x in (target_audio, audio)
        )
        return {"loudness": self.loudness_weight * self._difference(target, value)}

    def _difference(self, target: tf.Tensor, value: tf.Tensor) -> tf.Tensor:
        difference = target - value
        size = tf.abs(difference) if self.distance == "l1" else tf.square(difference)
        # A sound of one frame has no differences from frame to frame, and no mean of them.
        return tf.math.divide_no_nan(tf.reduce_sum(size), tf.cast(tf.size(size), tf.float32))

    def get_config(self) -> dict[str, Any]:
        """Gives the constructor's arguments."""
        config = super().get_config()
        config.pop("dtype", None)
        weights = {f"{term}_weight": getattr(self, f"{term}_weight") for term in _TERMS}
        return {
            **config,
            **weights,
            "fft_lengths": list(self.fft_lengths),
            "overlap": self.overlap,
            "distance": self.distance,
            "loudness_weight": self.loudness_weight,
            "loudness_fft_length": self.loudness_fft_length,
            "sample_rate": self.sample_rate,
        }


def _view(term: str, magnitude: tf.Tensor) -> tf.Tensor:
    if term == "log_magnitude":
        return tf.math.log(tf.maximum(magnitude, LOG_FLOOR))
    if term == "delta_time":
        return magnitude[:, 1:] - magnitude[:, :-1]
    if term == "delta_frequency":
        return magnitude[..., 1:] - magnitude[..., :-1]
    if term == "cumulative_frequency":
        return tf.cumsum(magnitude, axis=-1)
    return magnitude
