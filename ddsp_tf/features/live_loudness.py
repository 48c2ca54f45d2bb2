"""Loudness of sound that is still being played."""

import numpy as np

from ddsp_tf.features.settings import FeatureSettings
from ddsp_tf.features.window_loudness import WindowLoudness
from ddsp_tf.types import Float32Array


class LiveLoudness:
    """Measures each frame by the definition of the settings, without the end of its window.

    The last eighth of a Hann window holds a six-hundredth of its energy; it is not waited for. The
    windows of `rms` are as loud at their ends.

    Args:
        settings: Rates and definition.

    Example:
        >>> from ddsp_tf.features import FeatureSettings
        >>> live = LiveLoudness(FeatureSettings())
        >>> live.push(np.zeros(400, np.float32)).tolist()
        [-80.0, -80.0, -80.0, -80.0]
    """

    def __init__(self, settings: FeatureSettings) -> None:
        self._window = settings.loudness_fft_length
        self._n_there = self._window - (0 if settings.loudness == "rms" else self._window // 8)
        self._hop_length = settings.hop_length
        self._measure = WindowLoudness(settings)
        self.reset()

    @property
    def latency_samples(self) -> int:
        """Samples after a frame's position that it waits for."""
        return self._n_there - self._window // 2

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
        n_frames = (len(self._samples) - self._n_there) // self._hop_length + 1
        if n_frames < 1:
            return np.zeros(0, np.float32)
        windows = np.lib.stride_tricks.sliding_window_view(self._samples, self._n_there)
        measured = self._measure(windows[:: self._hop_length][:n_frames])
        n_done = n_frames * self._hop_length
        self._n_unneeded = max(0, n_done - len(self._samples))
        self._samples = self._samples[n_done:]
        return measured
