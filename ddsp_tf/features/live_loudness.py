"""Loudness of sound that is still being played."""

from dataclasses import replace

import numpy as np
import tensorflow as tf

from ddsp_tf.features.loudness import measure_loudness_db
from ddsp_tf.features.settings import FeatureSettings
from ddsp_tf.types import Float32Array


class LiveLoudness:
    """Measures each frame as soon as its window is complete, by the definition of the settings.

    Args:
        settings: Rates and definition.

    Example:
        >>> from ddsp_tf.features import FeatureSettings
        >>> live = LiveLoudness(FeatureSettings())
        >>> live.push(np.zeros(400, np.float32)).tolist()
        [-80.0, -80.0, -80.0]
    """

    def __init__(self, settings: FeatureSettings) -> None:
        self._window = settings.loudness_fft_length
        self._hop_length = settings.hop_length
        # Of two frames half a window apart, the second is centred in the window.
        middle = replace(settings, hop_length=max(1, self._window // 2))
        self._measure = tf.function(
            lambda windows: measure_loudness_db(windows, middle)[:, 1],
            input_signature=[tf.TensorSpec([None, self._window], tf.float32)],
            autograph=False,
        )
        self.reset()

    @property
    def latency_samples(self) -> int:
        """Samples after a frame's position that its window covers."""
        return self._window - self._window // 2

    def reset(self) -> None:
        """Forgets what was played."""
        self._samples = np.zeros(self._window // 2, np.float32)
        self._n_unneeded = 0

    def push(self, samples: Float32Array) -> Float32Array:
        """Takes in `[n_samples]` and gives the frames that are complete now, in dB."""
        samples = np.concatenate([self._samples, samples])
        # Hops longer than the window leave out samples, some of which are still to come.
        self._samples = samples[self._n_unneeded :]
        self._n_unneeded = max(0, self._n_unneeded - len(samples))
        n_frames = (len(self._samples) - self._window) // self._hop_length + 1
        if n_frames < 1:
            return np.zeros(0, np.float32)
        windows = np.lib.stride_tricks.sliding_window_view(self._samples, self._window)
        measured = self._measure(tf.constant(windows[:: self._hop_length][:n_frames]))
        n_done = n_frames * self._hop_length
        self._n_unneeded = max(0, n_done - len(self._samples))
        self._samples = self._samples[n_done:]
        return measured.numpy()
