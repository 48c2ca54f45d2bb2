"""A-weighted loudness, for `FramedLoss`."""

from typing import Any

import keras
import tensorflow as tf

from ddsp_tf import dsp
from ddsp_tf.dsp.shapes import require_positive_integer
from ddsp_tf.losses.framed_loss import FramedPart
from ddsp_tf.losses.terms.term import Distance, Term

_FRAME_RATE = 250


class _Level(Term):
    name = "loudness"


@keras.saving.register_keras_serializable("ddsp_tf")
class Loudness(FramedPart):
    """A-weighted loudness in dB, 250 times a second: one term, "loudness".

    It is what models are told; spectra alone leave it a decibel or two away from that.

    Args:
        weight: Of the term, >= 0.
        distance: "l1" (mean absolute) or "l2" (mean squared difference).
        sample_rate: In Hz.
        fft_length: FFT size in samples.

    Raises:
        ArgumentError: A negative weight, an unknown distance, or no rate or size.

    Example:
        >>> Loudness(0.1, sample_rate=16000).analyse(tf.zeros([2, 640])).shape
        TensorShape([2, 10])
    """

    def __init__(
        self,
        weight: float = 1.0,
        *,
        distance: Distance = "l1",
        sample_rate: int = 16000,
        fft_length: int = 2048,
    ) -> None:
        require_positive_integer("sample_rate", sample_rate)
        hop_length = max(1, round(sample_rate / _FRAME_RATE))
        term = _Level(weight, distance=distance)
        super().__init__([term], frame_length=fft_length, hop_length=hop_length)
        self.sample_rate = sample_rate

    def analyse(self, audio: tf.Tensor) -> tf.Tensor:
        """Gives loudness in dB, `[batch, n_frames]`."""
        return dsp.a_weighted_loudness_db(
            audio,
            sample_rate=self.sample_rate,
            hop_length=self.hop_length,
            fft_length=self.frame_length,
        )

    def get_config(self) -> dict[str, Any]:
        """Gives the constructor's arguments."""
        (term,) = self.terms
        return {
            **term.get_config(),
            "sample_rate": self.sample_rate,
            "fft_length": self.frame_length,
        }

    @classmethod
    def from_config(cls, config: dict[str, Any]) -> "Loudness":
        """Makes it again from `get_config`."""
        return cls(**config)
