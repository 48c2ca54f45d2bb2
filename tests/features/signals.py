"""Test signals whose pitch is known."""

import numpy as np
import numpy.typing as npt

SAMPLE_RATE = 16000


def tone(
    f0_hz: npt.ArrayLike, n_samples: int, *, n_harmonics: int = 8, sample_rate: int = SAMPLE_RATE
) -> npt.NDArray[np.float32]:
    """Harmonics 1/k of a fundamental that is a number or has a value a sample."""
    frequency = np.broadcast_to(np.asarray(f0_hz, np.float64), [n_samples])
    phase = 2 * np.pi * np.cumsum(frequency) / sample_rate
    partials = [
        np.where(k * frequency < sample_rate / 2, np.sin(k * phase) / k, 0.0)
        for k in range(1, n_harmonics + 1)
    ]
    return (0.3 * np.sum(partials, axis=0)).astype(np.float32)


def cents(f0_hz: npt.ArrayLike, reference_hz: npt.ArrayLike) -> npt.NDArray[np.float64]:
    """How far `f0_hz` is above `reference_hz`."""
    return 1200 * np.log2(np.asarray(f0_hz, np.float64) / np.asarray(reference_hz, np.float64))
