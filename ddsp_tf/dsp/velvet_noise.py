"""Velvet noise: few pulses of either sign, which sound as smooth as white noise."""

import numpy as np

from ddsp_tf.errors import ArgumentError
from ddsp_tf.types import FloatArray


def velvet_noise(
    n_samples: int, *, density_hz: float = 2000.0, sample_rate: float, seed: int = 0
) -> FloatArray:
    """Makes velvet noise: one pulse of 1 or -1 at a random place of every cell of a regular grid.

    Args:
        n_samples: At least 0.
        density_hz: Pulses a second, above 0 and at most the sample rate; 2000 sound smooth.
        sample_rate: In Hz.
        seed: Equal seeds give equal noise, and a longer one begins as a shorter one does.

    Returns:
        `[n_samples]`, of -1, 0 and 1.

    Raises:
        ArgumentError: A density outside its range, or a negative length.

    Example:
        >>> noise = velvet_noise(16000, density_hz=2000, sample_rate=16000)
        >>> int(np.sum(np.abs(noise))), sorted(set(noise.tolist()))
        (2000, [-1.0, 0.0, 1.0])

    Reference:
        Karjalainen and Jarvelainen 2007, "Reverberation modeling using velvet noise".
    """
    if not 0 < density_hz <= sample_rate or n_samples < 0:
        raise ArgumentError(
            "`density_hz` should be above 0 and at most the sample rate, and `n_samples` not "
            f"negative. Received {density_hz} Hz of {sample_rate} Hz, and {n_samples}."
        )
    cell = sample_rate / density_hz
    n_pulses = int(np.ceil(n_samples / cell))
    draws = np.random.default_rng(seed).random([n_pulses, 2])
    # round(m T + r (T - 1)); the last may lie beyond the end.
    places = np.round(np.arange(n_pulses) * cell + draws[:, 0] * (cell - 1)).astype(int)
    noise = np.zeros(n_samples)
    inside = places < n_samples
    noise[places[inside]] = np.where(draws[inside, 1] < 0.5, -1.0, 1.0)
    return noise
