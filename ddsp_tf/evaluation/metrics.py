"""How far a sound is from the recording it imitates, in numbers with units."""

from dataclasses import dataclass

import numpy as np

from ddsp_tf.errors import ArgumentError
from ddsp_tf.types import BoolArray, FloatArray

VOICED_CONFIDENCE = 0.85
"""Frames of the recording at or below this confidence don't count for pitch."""

_BLOCK_SAMPLES = 1 << 19
_FLOOR = 1e-5
_CORRECT_CENTS = 50.0


@dataclass(frozen=True)
class PitchErrors:
    """Pitch errors over the voiced frames, in cents; NaN if there are none.

    Attributes:
        n_frames: Voiced frames.
        mean_cents: Mean absolute error, octave errors (1200) included.
        median_cents: Median absolute error.
        bias_cents: Median of the signed error; positive is sharp.
        raw_pitch_accuracy: Share of frames within 50 cents.
        raw_chroma_accuracy: The same, octave errors forgiven.
        octave_error_share: Share of frames within 50 cents of the right note in another octave.
    """

    n_frames: int
    mean_cents: float
    median_cents: float
    bias_cents: float
    raw_pitch_accuracy: float
    raw_chroma_accuracy: float
    octave_error_share: float


def spectral_distance(target: FloatArray, audio: FloatArray) -> dict[str, float]:
    """Computes the multi-scale spectral distance.

    For FFT sizes 2048, 1024, ..., 64 with 75% overlap: the mean absolute difference of the
    magnitudes, plus that of their natural logarithms floored at 1e-5, summed over the sizes.
    This is `SpectralLoss` with its defaults whatever a model has been trained with.

    Args:
        target: The recording, `[n_samples]`.
        audio: The imitation, `[n_samples]`.

    Returns:
        "total" and its parts "magnitude" and "log_magnitude", each >= 0.

    Raises:
        ArgumentError: The lengths differ or are 0.

    Example:
        >>> noise = np.random.default_rng(0).normal(size=4096).astype(np.float32)
        >>> spectral_distance(noise, noise)["total"]
        0.0

    Reference:
        Engel et al. (2020), "DDSP: Differentiable Digital Signal Processing", section 4.2.
    """
    from ddsp_tf.losses import SpectralLoss

    check_equally_long(target, audio)
    loss = SpectralLoss()
    sums = {"magnitude": 0.0, "log_magnitude": 0.0}
    for start in range(0, len(target), _BLOCK_SAMPLES):
        block = slice(start, start + _BLOCK_SAMPLES)
        terms = loss.terms(target[None, block], audio[None, block])
        share = len(target[block]) / len(target)
        for name in sums:
            sums[name] += share * float(terms[name])
    return {"total": sum(sums.values()), **sums}


def log_mel_distance_db(target: FloatArray, audio: FloatArray, *, sample_rate: int) -> float:
    """Returns the mean absolute difference of mel spectrograms in dB.

    64 bands, FFT size 2048, hop 512; levels are floored 100 dB below a full-scale sine.

    Args:
        target: The recording, `[n_samples]`.
        audio: The imitation, `[n_samples]`.
        sample_rate: Of both, in Hz.

    Raises:
        ArgumentError: The lengths differ or are 0.
    """
    from ddsp_tf.dsp import mel_spectrogram

    check_equally_long(target, audio)
    total = 0.0
    for start in range(0, len(target), _BLOCK_SAMPLES):
        block = slice(start, start + _BLOCK_SAMPLES)
        first, second = (
            mel_spectrogram(x[None, block], sample_rate=sample_rate).numpy() / (2048 / 4)
            for x in (target, audio)
        )
        decibels = 20 * np.abs(
            np.log10(np.maximum(first, _FLOOR)) - np.log10(np.maximum(second, _FLOOR))
        )
        total += float(decibels.mean()) * len(target[block]) / len(target)
    return total


def loudness_distance_db(target_db: FloatArray, loudness_db: FloatArray) -> float:
    """Returns the mean absolute difference of two loudness curves in dB.

    Args:
        target_db: Of the recording, `[n_frames]`.
        loudness_db: Of the imitation, `[n_frames]`.

    Raises:
        ArgumentError: The lengths differ or are 0.

    Example:
        >>> loudness_distance_db(np.array([-20.0, -30.0]), np.array([-23.0, -33.0]))
        3.0
    """
    check_equally_long(target_db, loudness_db)
    return float(np.mean(np.abs(loudness_db - target_db)))


def cents(target_hz: FloatArray, f0_hz: FloatArray) -> FloatArray:
    """Returns how sharp `f0_hz` is against `target_hz`, in cents, elementwise.

    Example:
        >>> cents(np.array([440.0]), np.array([880.0]))
        array([1200.])
    """
    return 1200.0 * np.log2(np.maximum(f0_hz, 1e-3) / np.maximum(target_hz, 1e-3))


def mean_size(errors_cents: FloatArray) -> float:
    """Returns the mean absolute error, octave errors (1200 cents) included."""
    return float(np.mean(np.abs(errors_cents)))


def median_size(errors_cents: FloatArray) -> float:
    """Returns the median absolute error."""
    return float(np.median(np.abs(errors_cents)))


def raw_pitch_accuracy(errors_cents: FloatArray) -> float:
    """Returns the share of frames within 50 cents.

    Example:
        >>> raw_pitch_accuracy(np.array([10.0, 10.0, 1200.0, 70.0]))
        0.5
    """
    return float(np.mean(np.abs(errors_cents) <= _CORRECT_CENTS))


def raw_chroma_accuracy(errors_cents: FloatArray) -> float:
    """Returns the share of frames within 50 cents of the right note in any octave.

    Example:
        >>> raw_chroma_accuracy(np.array([10.0, 10.0, 1200.0, 70.0]))
        0.75
    """
    return float(np.mean(_right_chroma(errors_cents)))


def octave_error_share(errors_cents: FloatArray) -> float:
    """Returns the share of frames within 50 cents of the right note in another octave.

    Example:
        >>> octave_error_share(np.array([10.0, 10.0, 1200.0, 70.0]))
        0.25
    """
    elsewhere = np.round(errors_cents / 1200.0) != 0
    return float(np.mean(_right_chroma(errors_cents) & elsewhere))


def pitch_outlier_share(
    errors_cents: FloatArray, confidence: FloatArray, *, most_semitones: float = 12.0
) -> float:
    """Returns the share of frames whose pitch can't be trusted in the imitation.

    Args:
        errors_cents: Signed pitch errors of the frames in which the recording has a pitch.
        confidence: How sure the tracker is of the imitation's pitch in the same frames, 0 to 1.
        most_semitones: What is further off is an outlier, and so is what the tracker isn't sure of
            (`VOICED_CONFIDENCE`).

    Example:
        >>> pitch_outlier_share(np.array([5.0, 1300.0, 0.0, 0.0]), np.array([0.9, 0.9, 0.2, 0.9]))
        0.5
    """
    far = np.abs(errors_cents) > 100.0 * most_semitones
    return float(np.mean(far | (confidence < VOICED_CONFIDENCE)))


def _right_chroma(errors_cents: FloatArray) -> BoolArray:
    octaves = np.round(errors_cents / 1200.0)
    return np.abs(errors_cents - 1200.0 * octaves) <= _CORRECT_CENTS


def pitch_errors(errors_cents: FloatArray) -> PitchErrors:
    """Summarises signed pitch errors of voiced frames.

    Args:
        errors_cents: From `cents`, `[n_voiced_frames]`.

    Example:
        >>> pitch_errors(np.array([10.0, 10.0, 1200.0])).raw_pitch_accuracy
        0.6666666666666666
    """
    if not len(errors_cents):
        return PitchErrors(0, *[float("nan")] * 6)
    return PitchErrors(
        n_frames=len(errors_cents),
        mean_cents=mean_size(errors_cents),
        median_cents=median_size(errors_cents),
        bias_cents=float(np.median(errors_cents)),
        raw_pitch_accuracy=raw_pitch_accuracy(errors_cents),
        raw_chroma_accuracy=raw_chroma_accuracy(errors_cents),
        octave_error_share=octave_error_share(errors_cents),
    )


def delay_frames(target_db: FloatArray, loudness_db: FloatArray, *, max_frames: int) -> float:
    """Estimates by how many frames a loudness curve lags behind another.

    The lag at which the curves differ least, a constant apart, refined by a parabola.

    Args:
        target_db: Of the recording, `[n_frames]`.
        loudness_db: Of the imitation, `[n_frames]`.
        max_frames: The longest lag to look for.

    Returns:
        The lag, in -max_frames...max_frames; NaN where a curve is too short or never changes.

    Raises:
        ArgumentError: The lengths differ or are 0.

    Example:
        >>> curve = -40 + 20 * np.sin(np.arange(200) / 9)
        >>> round(delay_frames(curve[3:], curve[:-3], max_frames=10), 1)
        3.0
    """
    check_equally_long(target_db, loudness_db)
    first, second = np.asarray(target_db, float), np.asarray(loudness_db, float)
    last = len(first) - max_frames
    if last - max_frames < 2 * max_frames or min(np.ptp(first), np.ptp(second)) < 1.0:
        return float("nan")
    inner = first[max_frames:last]
    lags = np.arange(-max_frames, max_frames + 1)
    variances = [np.var(second[max_frames + lag : last + lag] - inner) for lag in lags]
    best = int(np.argmin(variances))
    fraction = 0.0
    if 0 < best < len(lags) - 1:
        before, least, after = variances[best - 1 : best + 2]
        curvature = before - 2 * least + after
        fraction = 0.5 * (before - after) / curvature if curvature > 0 else 0.0
    return float(lags[best] + fraction)


def check_equally_long(target: FloatArray, other: FloatArray) -> None:
    """Checks that two sounds or curves can be compared.

    Raises:
        ArgumentError: The lengths differ or are 0, or there is more than one dimension.
    """
    if target.shape != other.shape or target.ndim != 1 or not len(target):
        raise ArgumentError(
            "Two one-dimensional arrays of the same length above 0 are needed, but their "
            f"shapes are {target.shape} and {other.shape}."
        )
