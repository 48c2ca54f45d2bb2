"""The synthesiser of the noise that a stroke makes."""

from typing import Any

import keras
import numpy as np

from ddsp_tf.processors.effects.filtered_noise_reverb import FilteredNoiseReverb
from ddsp_tf.types import FloatArray

_SILENT_DB, _LOUDEST_DB = -120.0, 20.0
_UNIFORM_POWER = 1.0 / 3.0


@keras.saving.register_keras_serializable("ddsp_tf")
class StruckNoise(FilteredNoiseReverb):
    """Strikes noise whose spectrum changes from frame to frame by every sample that it gets.

    It is `FilteredNoiseReverb`, no room, and knows a recording's bands: `estimate` measures them.

    Args:
        n_room_frames: Of a stroke, at least 2.
        n_bands: Of a frame, at least 2.
        length_s: After which a stroke is cut off.
        sample_rate: In Hz.
        seed: Of the noise.
        name: The processor's name.

    Raises:
        ArgumentError: Too few frames or bands, or a stroke shorter than its frames.

    Example:
        >>> import tensorflow as tf
        >>> noise = StruckNoise(n_room_frames=20, n_bands=9, length_s=0.5, sample_rate=16000)
        >>> noise({"audio": tf.one_hot([0], 1000)}).shape
        TensorShape([1, 1000])

    Reference:
        Shier et al. 2023, "Differentiable modelling of percussive audio with transient and spectral
        synthesis", section 3.2.
    """

    is_room = False

    def __init__(self, *, name: str = "struck_noise", **kwargs: Any) -> None:
        super().__init__(name=name, **{**kwargs, "add_dry": False})

    def estimate(self, response: FloatArray) -> dict[str, list[float]]:
        """Measures the bands of a recorded stroke, frame by frame."""
        hop_length = -(-self.n_taps // self.n_room_frames)
        n_fft = 2 * (self.n_bands - 1)
        window = np.hanning(n_fft + 1)[:-1]
        padded = np.zeros(self.n_room_frames * hop_length + n_fft)
        known = np.asarray(response, np.float64)[: self.n_taps]
        padded[n_fft // 2 : n_fft // 2 + len(known)] = known
        starts = hop_length * np.arange(self.n_room_frames)
        frames = np.lib.stride_tricks.sliding_window_view(padded, n_fft)[starts]
        power = np.abs(np.fft.rfft(frames * window)) ** 2 / (np.sum(window**2) * _UNIFORM_POWER)
        levels_db = 10.0 * np.log10(np.maximum(power, 1e-12))
        return {"magnitudes_db": np.clip(levels_db, _SILENT_DB, _LOUDEST_DB).ravel().tolist()}
