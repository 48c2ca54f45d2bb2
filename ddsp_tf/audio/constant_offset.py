"""Takes the constant offset (DC) of a bad converter out of a recording, and nothing else."""

import numpy as np

from ddsp_tf.types import FloatArray

LEAST_OFFSET = 10.0 ** (-70.0 / 20.0)
"""An offset below -70 dBFS is below what counts as silence, and stays."""

_HOP_S = 0.25
_MEDIAN_OF = 13
_MAY_VARY = 0.05


def remove_offset(audio: FloatArray, sample_rate: int) -> tuple[FloatArray, float]:
    """Subtracts the offset of a recording.

    The offset is the mean under Hann windows of half a second, of which every tone above 20 Hz
    has less than 0.1 %; of them the median over three seconds counts, so that no onset or thump
    is taken for one. Where it stays the same, one value is subtracted, and all else stays as it
    is. Where it moves, as with takes joined or a converter that settles, so does what is
    subtracted.

    Args:
        audio: `[n_samples]`, mono.
        sample_rate: Samples a second.

    Returns:
        `(audio, offset)`: without the offset, and its largest value, signed; the audio as it was
        and 0 if the offset stays below -70 dBFS.

    Example:
        >>> audio, offset = remove_offset(np.full(16000, 0.02, np.float32), 16000)
        >>> float(np.max(np.abs(audio))) < 1e-8, round(offset, 4)
        (True, 0.02)
    """
    hop = min(round(_HOP_S * sample_rate), len(audio) // 2)
    if hop < 1:
        return audio, 0.0
    means = _windowed_means(audio, hop)
    local = _running_median(means)
    largest = float(local[np.argmax(np.abs(local))])
    # Under shorter windows more is left of the lowest tones, by the third power.
    least = LEAST_OFFSET * max(1.0, _HOP_S * sample_rate / hop) ** 3
    if abs(largest) < least:
        return audio, 0.0
    if np.ptp(local) < max(least, _MAY_VARY * abs(largest)):
        return audio - np.float32(np.median(means)), largest
    places = hop * np.arange(1, len(local) + 1)
    offset = np.interp(np.arange(len(audio)), places, local)
    return (audio - offset).astype(np.float32), largest


def _windowed_means(audio: FloatArray, hop: int) -> np.ndarray:
    """Means under Hann windows of two hops, the first one around sample `hop`."""
    window = 0.5 - 0.5 * np.cos(np.pi * (np.arange(2 * hop) + 0.5) / hop)
    window = (window / window.sum()).astype(np.float32)
    blocks = audio[: len(audio) // hop * hop].reshape(-1, hop)
    return (blocks[:-1] @ window[:hop] + blocks[1:] @ window[hop:]).astype(np.float64)


def _running_median(values: np.ndarray) -> np.ndarray:
    width = min(_MEDIAN_OF, len(values) - 1 + len(values) % 2)
    windows = np.lib.stride_tricks.sliding_window_view(values, width)
    # At both ends the outermost window holds.
    return np.pad(np.median(windows, axis=1), width // 2, mode="edge")
