"""Log power spectra at one resolution, for `FramedLoss`."""

from collections.abc import Sequence
from typing import Any

import keras
import tensorflow as tf

from ddsp_tf import dsp
from ddsp_tf.dsp.framing import over_frames
from ddsp_tf.dsp.spectral import padded_rfft
from ddsp_tf.errors import ArgumentError
from ddsp_tf.losses.framed_loss import FramedPart
from ddsp_tf.losses.terms.log_power import LogPower
from ddsp_tf.losses.terms.term import Term


@keras.saving.register_keras_serializable("ddsp_tf")
class LogPowerSpectra(FramedPart):
    """`log(|X|^2 + floor)` under Hann windows that are shorter than the transform.

    Args:
        fft_length: FFT size in samples.
        window_length: Samples under the window, centred on each frame's own.
        hop_length: Samples between frames.
        terms: What is compared of it; None: the mean square of the difference, "log_power".
        floor: What is added to the power, > 0.

    Raises:
        ArgumentError: A window longer than the transform, or a floor of 0.

    Example:
        >>> part = LogPowerSpectra(512, 320, 80)
        >>> round(float(part.analyse(tf.zeros([1, 160]))[0, 0, 0]), 2)
        -11.51

    Reference:
        Wang, Takaki and Yamagishi 2019, "Neural source-filter waveform models for statistical
        parametric speech synthesis", equation 6 and table II.
    """

    def __init__(
        self,
        fft_length: int,
        window_length: int,
        hop_length: int,
        terms: Sequence[Term] | None = None,
        *,
        floor: float = 1e-5,
    ) -> None:
        if not 0 < window_length <= fft_length or not floor > 0:
            raise ArgumentError(
                "`window_length` should be from 1 to `fft_length`, and `floor` above 0. Received "
                f"{window_length}, {fft_length} and {floor}."
            )
        terms = [LogPower()] if terms is None else terms
        super().__init__(terms, frame_length=window_length, hop_length=hop_length)
        self.fft_length = fft_length
        self.floor = floor

    def analyse(self, audio: tf.Tensor) -> tf.Tensor:
        """Gives `[batch, n_frames, fft_length // 2 + 1]`."""

        def log_power(frames: tf.Tensor) -> tf.Tensor:
            window = dsp.hann_window(self.frame_length, frames.dtype.as_numpy_dtype)
            spectra = padded_rfft(frames * window, self.fft_length)
            power = tf.square(tf.math.real(spectra)) + tf.square(tf.math.imag(spectra))
            return tf.math.log(power + self.floor)

        return over_frames(
            log_power, audio, frame_length=self.frame_length, hop_length=self.hop_length
        )

    def get_config(self) -> dict[str, Any]:
        """Gives the constructor's arguments."""
        return {
            "fft_length": self.fft_length,
            "window_length": self.frame_length,
            "hop_length": self.hop_length,
            "terms": [keras.saving.serialize_keras_object(term) for term in self.terms],
            "floor": self.floor,
        }

    @classmethod
    def from_config(cls, config: dict[str, Any]) -> "LogPowerSpectra":
        """Makes it again from `get_config`."""
        terms = [keras.saving.deserialize_keras_object(term) for term in config["terms"]]
        return cls(**{**config, "terms": terms})
