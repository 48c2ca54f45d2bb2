"""How much later one sound comes than another."""

from dataclasses import dataclass

import numpy as np

from ddsp_tf.types import FloatArray

LARGEST_DELAY_S = 1.0
UNSURE = 0.06
"""A likeness below this is no better than that of sounds which have nothing in common."""
_REGULARISATION = 1e-3


@dataclass(frozen=True)
class Delay:
    """What `measure_delay` found.

    Attributes:
        samples: By how many samples the second sound comes later than the first.
        likeness: How sure that is, 0 to 1: which share of the response from the first to the second
            is near its peak.
    """

    samples: int
    likeness: float


def measure_delay(dry: FloatArray, wet: FloatArray, sample_rate: int) -> Delay:
    """Measures the delay of a sound that went through an effect, by cross-correlation.

    The correlation is whitened by the dry sound's spectrum, so that a note's period doesn't hide
    the delay; its highest peak of either sign within a second counts. For a filter that is the
    delay of its strongest tap.

    Args:
        dry: `[n_samples]`.
        wet: `[n_samples]`.
        sample_rate: Samples a second.

    Returns:
        The delay. Its likeness is 0.5 to 1 for a mere delay or a filter, 0.08 or more for
        strong distortion and modulation, below 0.06 for sounds that have nothing in common.

    Example:
        >>> noise = np.random.default_rng(0).normal(size=16000)
        >>> measure_delay(noise, np.roll(noise, 40), 16000).samples
        40

    Reference:
        Knapp and Carter (1976), The generalized correlation method for estimation of time delay.
    """
    n = min(len(dry), len(wet))
    largest = min(round(LARGEST_DELAY_S * sample_rate), n - 1)
    size = 2 ** int(np.ceil(np.log2(n + largest + 1)))
    x, y = (np.fft.rfft(sound[:n] - np.mean(sound[:n]), size) for sound in (dry, wet))
    power = np.square(np.abs(x))
    whitened = np.conj(x) * y / (power + _REGULARISATION * power.mean() + 1e-20)
    response = np.fft.irfft(whitened, size)
    lags = np.arange(-largest, largest + 1)
    at_lags = response[lags]
    best = int(np.argmax(np.abs(at_lags)))
    return Delay(int(lags[best]), _share_near(at_lags, best))


def _share_near(response: FloatArray, best: int) -> float:
    """How much of the response's energy is near its peak, as a share of amplitudes."""
    near = response[max(best - 2, 0) : best + 3]
    total = float(np.sum(np.square(response)))
    return float(np.sqrt(np.sum(np.square(near)) / total)) if total > 0 else 0.0


def moved_earlier(sound: FloatArray, n_samples: int) -> FloatArray:
    """Takes a delay out of `[n_samples, ...]`, keeping the length; zeros come in at an end."""
    moved = np.zeros_like(sound)
    if n_samples >= 0:
        moved[: len(sound) - n_samples] = sound[n_samples:]
    else:
        moved[-n_samples:] = sound[:n_samples]
    return moved
