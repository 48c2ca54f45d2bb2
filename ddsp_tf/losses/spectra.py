"""Spectrograms at one resolution, for `FramedLoss`."""

from collections.abc import Sequence
from typing import Any

import keras
import tensorflow as tf

from ddsp_tf import dsp
from ddsp_tf.errors import ArgumentError
from ddsp_tf.losses.framed_loss import FramedPart
from ddsp_tf.losses.terms.term import Term


@keras.saving.register_keras_serializable("ddsp_tf")
class Spectra(FramedPart):
    """Magnitudes under Hann windows, centred; one STFT that all its terms share.

    Args:
        fft_length: FFT size in samples.
        terms: What is compared of the magnitudes.
        overlap: Share of a frame that the next one covers, in [0, 1).

    Raises:
        ArgumentError: An overlap outside [0, 1).

    Example:
        >>> from ddsp_tf.losses import Magnitude
        >>> spectra = Spectra(256, [Magnitude()])
        >>> spectra.analyse(tf.zeros([2, 640])).shape
        TensorShape([2, 10, 129])
    """

    def __init__(self, fft_length: int, terms: Sequence[Term], *, overlap: float = 0.75) -> None:
        if not 0 <= overlap < 1:
            raise ArgumentError(f"`overlap` should be at least 0 and below 1. Received {overlap}.")
        hop_length = max(1, round(fft_length * (1.0 - overlap)))
        super().__init__(terms, frame_length=fft_length, hop_length=hop_length)
        self.overlap = overlap

    def analyse(self, audio: tf.Tensor) -> tf.Tensor:
        """Gives magnitudes, `[batch, n_frames, fft_length // 2 + 1]`."""
        return dsp.stft_magnitude(audio, fft_length=self.frame_length, hop_length=self.hop_length)

    def get_config(self) -> dict[str, Any]:
        """Gives the constructor's arguments."""
        terms = [keras.saving.serialize_keras_object(term) for term in self.terms]
        return {"fft_length": self.frame_length, "terms": terms, "overlap": self.overlap}

    @classmethod
    def from_config(cls, config: dict[str, Any]) -> "Spectra":
        """Makes it again from `get_config`."""
        terms = [keras.saving.deserialize_keras_object(term) for term in config["terms"]]
        return cls(**{**config, "terms": terms})
