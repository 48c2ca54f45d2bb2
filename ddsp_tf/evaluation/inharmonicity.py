"""How stiff a string is, measured by the partials of a recording."""

from typing import NamedTuple

import numpy as np

from ddsp_tf.errors import ArgumentError
from ddsp_tf.types import FloatArray

_FFT_LENGTH = 1 << 20
_FIRST_FITTED, _NEAR = 4, 0.3
_AUDIBLE_DB = -60.0


class StiffString(NamedTuple):
    """What a note's partials say of its string.

    Attributes:
        f0_hz: What its fundamental would be without stiffness, in Hz.
        inharmonicity: B of f_k = k f0 sqrt(1 + B k^2).
        n_partials: How many partials it was found from.
        error_cents: Root of their mean squared distance from that line, in cents.
    """

    f0_hz: float
    inharmonicity: float
    n_partials: int
    error_cents: float


def measure_inharmonicity(
    audio: FloatArray, *, sample_rate: int, expected_hz: float, expected_inharmonicity: float = 3e-4
) -> StiffString:
    """Fits f_k = k f0 sqrt(1 + B k^2) to the peaks of a spectrum by least squares.

    (f_k / k)^2 is a line in k^2. Peaks are looked for one after the other, each where the fit of
    those below it expects it, up to 45% of the sample rate or the 40th; those more than 60 dB below
    the highest don't count, and a peak k has the weight that its error in f_k / k is k times
    smaller.

    Args:
        audio: One note, `[n_samples]`; 1 s or more, without its attack.
        sample_rate: In Hz.
        expected_hz: About its fundamental, in Hz.
        expected_inharmonicity: About its B.

    Returns:
        The fit.

    Raises:
        ArgumentError: The sound is silent, or has fewer than four partials.

    Example:
        >>> time_s = np.arange(32000) / 16000
        >>> hz = [k * 220.0 * np.sqrt(1 + 4e-4 * k**2) for k in range(1, 16)]
        >>> note = sum(np.sin(2 * np.pi * f * time_s) for f in hz)
        >>> found = measure_inharmonicity(note, sample_rate=16000, expected_hz=221.0)
        >>> f"{found.inharmonicity:.1e}", round(found.f0_hz, 2)
        ('4.0e-04', 220.0)

    Reference:
        Rigaud, David and Daudet 2013, section II.
    """
    samples = np.asarray(audio, np.float64)
    length = max(_FFT_LENGTH, 1 << (len(samples) - 1).bit_length())
    spectrum = np.abs(np.fft.rfft(samples * np.hanning(len(samples)), length))
    bin_hz = sample_rate / length
    f0_hz, inharmonicity = expected_hz, expected_inharmonicity
    numbers, peaks_hz, levels = [], [], []
    line = np.zeros(2)
    for k in range(1, 41):
        near_hz = k * f0_hz * np.sqrt(1.0 + inharmonicity * k**2)
        if near_hz > 0.45 * sample_rate:
            break
        first = int((near_hz - _NEAR * f0_hz) / bin_hz)
        part = spectrum[first : int((near_hz + _NEAR * f0_hz) / bin_hz)]
        numbers.append(k)
        peaks_hz.append(bin_hz * (first + int(np.argmax(part))))
        levels.append(float(part.max()))
        if len(numbers) >= _FIRST_FITTED:
            line = _fit(numbers, peaks_hz, levels)
            if line[0] > 0 and line[1] > 0:
                f0_hz, inharmonicity = np.sqrt(line[0]), line[1] / line[0]
    if line[0] <= 0 or not max(levels, default=0.0) > 0:
        raise ArgumentError(
            f"`audio` should hold a note of four partials or more near {expected_hz:g} Hz. Its "
            f"spectrum has {len(numbers)} of them below {0.45 * sample_rate:g} Hz."
        )
    heard = _heard(levels)
    k = np.array(numbers)[heard]
    expected = k * f0_hz * np.sqrt(1.0 + inharmonicity * k**2)
    cents = 1200.0 * np.log2(np.array(peaks_hz)[heard] / expected)
    return StiffString(
        float(f0_hz), float(inharmonicity), int(heard.sum()), float(np.sqrt(np.mean(cents**2)))
    )


def _heard(levels: list[float]) -> np.ndarray:
    return np.array(levels) > max(levels) * 10 ** (_AUDIBLE_DB / 20)


def _fit(numbers: list[int], peaks_hz: list[float], levels: list[float]) -> np.ndarray:
    """Intercept and slope of (f_k / k)^2 over k^2; zeros where there are too few."""
    heard = _heard(levels)
    if heard.sum() < 3:
        return np.zeros(2)
    k = np.array(numbers, np.float64)[heard]
    squares = (np.array(peaks_hz)[heard] / k) ** 2
    unknowns = np.stack([k, k**3], axis=1)
    return np.linalg.lstsq(unknowns, k * squares, rcond=None)[0]
