"""The synthesiser of attacks."""

from collections.abc import Mapping
from typing import Any

import keras
import numpy as np
import scipy.fft
import tensorflow as tf

from ddsp_tf.errors import ArgumentError
from ddsp_tf.processors.effects.response_reverb import ResponseReverb
from ddsp_tf.types import FloatArray, Signal


@keras.saving.register_keras_serializable("ddsp_tf")
class Transient(ResponseReverb):
    """Strikes an attack, given by the coefficients of its cosine transform, by every sample.

    A click of 1 is a stroke. Inputs: `audio` `[batch, n_samples]`; `transient_dct`
    `[batch, n_coefficients]`, the first coefficients of the orthonormal DCT-II of an attack of
    `length_s`, from low frequencies to high ones. All of them hold any attack exactly, those left
    out are its highest frequencies. In the last quarter the attack fades out.

    Args:
        length_s: Of the attack.
        n_coefficients: At most the samples of the attack; None: all.
        sample_rate: In Hz.
        name: The processor's name.

    Raises:
        ArgumentError: Less than one coefficient or more than samples, or an attack of less than two
            samples.

    Example:
        >>> attack = Transient(length_s=0.01, sample_rate=16000)
        >>> attack({"audio": tf.one_hot([0], 1000)}).shape
        TensorShape([1, 1000])

    Reference:
        Verma and Meng 2000, "Extending spectral modeling synthesis with transient modeling
        synthesis", section 4 (attacks in the domain of the DCT).
    """

    is_room = False
    kept_names = ("transient_dct",)

    def __init__(
        self,
        *,
        length_s: float = 0.05,
        n_coefficients: int | None = None,
        sample_rate: int = 44100,
        name: str = "transient",
        **kwargs: Any,
    ) -> None:
        kwargs.pop("add_dry", None)
        super().__init__(
            length_s=length_s, add_dry=False, sample_rate=sample_rate, name=name, **kwargs
        )
        self.n_coefficients = self.n_taps if n_coefficients is None else n_coefficients
        if not 1 <= self.n_coefficients <= self.n_taps:
            raise ArgumentError(
                f"`n_coefficients` should be 1 to {self.n_taps}, the samples of the attack. "
                f"Received {n_coefficients}."
            )

    @property
    def room_signals(self) -> Mapping[str, Signal]:
        """The coefficients."""
        return {"transient_dct": Signal("value", self.n_coefficients, default=0.0)}

    def response(self, controls: Mapping[str, Any]) -> tf.Tensor:
        """Makes the sound of one stroke."""
        left_out = self.n_taps - self.n_coefficients
        coefficients = tf.pad(controls["transient_dct"], [[0, 0], [0, left_out]])
        return tf.signal.idct(coefficients, type=2, norm="ortho") * self._fade

    def estimate(self, response: FloatArray) -> dict[str, list[float]]:
        """Transforms the beginning of a recorded stroke."""
        attack = np.zeros(self.n_taps)
        known = np.asarray(response, np.float64)[: self.n_taps]
        attack[: len(known)] = known
        coefficients = scipy.fft.dct(attack, type=2, norm="ortho")[: self.n_coefficients]
        return {"transient_dct": coefficients.tolist()}

    def get_config(self) -> dict[str, Any]:
        """Gives the constructor's arguments."""
        return {**super().get_config(), "n_coefficients": self.n_coefficients}

    @property
    def _fade(self) -> np.ndarray:
        n_fading = self.n_taps // 4
        falling = np.cos(0.5 * np.pi * np.arange(n_fading) / max(1, n_fading)) ** 2
        return np.concatenate([np.ones(self.n_taps - n_fading), falling]).astype(np.float32)
