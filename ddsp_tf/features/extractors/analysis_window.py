"""The window that spectral features share: 64 ms at any sample rate."""

from collections.abc import Callable

import numpy as np

from ddsp_tf.features.settings import FeatureSettings
from ddsp_tf.types import Float32Array, FloatArray

WINDOW_S = 0.064
N_BLOCK_FRAMES = 2048


def window_length(settings: FeatureSettings) -> int:
    """Samples of the window, an even number."""
    return 2 * round(WINDOW_S * settings.sample_rate / 2)


def by_frames(
    audio: Float32Array,
    settings: FeatureSettings,
    measure: Callable[[FloatArray], FloatArray],
    *,
    length: int,
    centre: int | None = None,
) -> Float32Array:
    """Measures the samples around each frame, some frames at a time.

    Args:
        audio: `[n_samples]`.
        settings: Rates.
        measure: From `[n, length]`, where sample `centre` is the frame's own, to `[n, ...]`.
        length: Samples around a frame. Beyond the ends there are zeros.
        centre: `length // 2` if None.

    Returns:
        `[n_frames, ...]`.
    """
    hop_length, n_frames = settings.hop_length, settings.n_frames(len(audio))
    padded = np.pad(audio, (length // 2 if centre is None else centre, length))
    windows = np.lib.stride_tricks.sliding_window_view(padded, length)[::hop_length]
    parts = [
        measure(windows[first : min(first + N_BLOCK_FRAMES, n_frames)].astype(np.float64))
        for first in range(0, n_frames, N_BLOCK_FRAMES)
    ]
    return np.concatenate(parts).astype(np.float32)


def hann(length: int) -> FloatArray:
    """A periodic Hann window, float64 `[length]`."""
    return 0.5 - 0.5 * np.cos(2 * np.pi * np.arange(length) / length)
