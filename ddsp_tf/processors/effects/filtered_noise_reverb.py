"""The room of noise that a filter shapes from frame to frame."""

from collections.abc import Mapping
from typing import Any

import keras
import tensorflow as tf

from ddsp_tf import dsp
from ddsp_tf.errors import ArgumentError
from ddsp_tf.processors.effects.response_reverb import ResponseReverb
from ddsp_tf.types import Signal


@keras.saving.register_keras_serializable("ddsp_tf")
class FilteredNoiseReverb(ResponseReverb):
    """Convolves audio with noise whose spectrum changes from frame to frame of the response.

    Inputs: `audio` `[batch, n_samples]`; `magnitudes_db`, gains of evenly spaced bands from 0 to
    half the sample rate, frame after frame (-120 to 20 dB), `[batch, n_room_frames * n_bands]`.
    Frames cross-fade.

    Args:
        n_room_frames: Of the response, at least 2.
        n_bands: Of a frame, at least 2.
        length_s: Of the response.
        add_dry: Whether the dry sound is added.
        sample_rate: In Hz.
        seed: Of the noise.
        name: The processor's name.

    Raises:
        ArgumentError: Too few frames or bands, or a response shorter than its frames.

    Example:
        >>> room = FilteredNoiseReverb(n_room_frames=20, n_bands=9, length_s=0.5, sample_rate=16000)
        >>> room({"audio": tf.one_hot([0], 1000)}).shape
        TensorShape([1, 1000])

    Reference:
        Engel et al. 2020, sections 3.4 and 3.5 (filtered noise as an impulse response).
    """

    def __init__(
        self,
        *,
        n_room_frames: int = 100,
        n_bands: int = 17,
        length_s: float = 2.0,
        add_dry: bool = True,
        sample_rate: int = 44100,
        seed: int = 0,
        name: str = "filtered_noise_reverb",
        **kwargs: Any,
    ) -> None:
        super().__init__(
            length_s=length_s, add_dry=add_dry, sample_rate=sample_rate, name=name, **kwargs
        )
        self.n_room_frames = n_room_frames
        self.n_bands = n_bands
        self.seed = seed
        if n_room_frames < 2 or n_bands < 2 or self.n_taps < n_room_frames:
            raise ArgumentError(
                "`n_room_frames` and `n_bands` should be at least 2, and a frame a sample at "
                f"least. Received {n_room_frames}, {n_bands} and {length_s} s."
            )

    @property
    def room_signals(self) -> Mapping[str, Signal]:
        """The bands of all frames."""
        width = self.n_room_frames * self.n_bands
        return {"magnitudes_db": Signal("value", width, "dB", low=-120.0, high=20.0, default=-40.0)}

    def response(self, controls: Mapping[str, Any]) -> tf.Tensor:
        """Makes the noise, and filters it."""
        levels = tf.convert_to_tensor(controls["magnitudes_db"])
        magnitudes = tf.reshape(
            10.0 ** (levels / 20.0), [tf.shape(levels)[0], self.n_room_frames, self.n_bands]
        )
        hop_length = -(-self.n_taps // self.n_room_frames)
        noise = dsp.uniform_noise(1, self.n_room_frames * hop_length, seed=self.seed)
        filters = dsp.impulse_response_from_magnitudes(magnitudes)
        return dsp.time_varying_fir(noise, filters, hop_length=hop_length)[:, : self.n_taps]

    def get_config(self) -> dict[str, Any]:
        """Gives the constructor's arguments."""
        return {
            **super().get_config(),
            "n_room_frames": self.n_room_frames,
            "n_bands": self.n_bands,
            "seed": self.seed,
        }
