"""How a sound begins."""

import numpy as np

from ddsp_tf.errors import ArgumentError
from ddsp_tf.types import FloatArray

_WINDOW_S = 0.002
_FROM, _TO = 0.1, 0.9


def attack_time_s(audio: FloatArray, *, sample_rate: int) -> float:
    """Gives how long a sound takes from a tenth of its highest level to nine tenths.

    The level is the root of the mean square within a Hann window of 2 ms, at every sample.

    Args:
        audio: `[n_samples]`.
        sample_rate: In Hz.

    Returns:
        In s, >= 0: between the first samples at which the level is so high.

    Raises:
        ArgumentError: Audio of another rank, or silence.

    Example:
        >>> ramp = np.minimum(np.arange(8000) / 800, 1.0)
        >>> tone = ramp * np.sin(2 * np.pi * 1000 * np.arange(8000) / 16000)
        >>> round(attack_time_s(tone, sample_rate=16000), 3)
        0.04

    Reference:
        Peeters et al. 2011, "The Timbre Toolbox: extracting audio descriptors from musical
        signals", section IV (attack time).
    """
    audio = np.asarray(audio, np.float64)
    if audio.ndim != 1 or not np.any(audio):
        raise ArgumentError(
            "`audio` should be [n_samples] with sound in it. "
            f"Received the shape {audio.shape}{'' if np.any(audio) else ', silent'}."
        )
    window = np.hanning(2 + round(_WINDOW_S * sample_rate))
    level = np.sqrt(np.convolve(audio**2, window / window.sum(), mode="same"))
    first, last = (int(np.argmax(level >= share * level.max())) for share in (_FROM, _TO))
    return max(0, last - first) / sample_rate
