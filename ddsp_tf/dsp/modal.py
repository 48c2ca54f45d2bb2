"""Modes: the damped sinusoids of what is struck, played, and found in a recording.

Finding is in NumPy and float64: it is an analysis, not for training.
"""

import math
from typing import NamedTuple

import numpy as np
import scipy.linalg
import scipy.signal
import tensorflow as tf

from ddsp_tf.dsp.shapes import checked, require_positive_integer
from ddsp_tf.errors import ArgumentError
from ddsp_tf.types import FloatArray

_TWO_PI = 2.0 * math.pi
_LONGEST = 1600
"""Samples, at the lowered rate, that modes are looked for in: the work grows by their cube."""
_LOW = 0.15
"""Of the highest frequency: modes below are looked for at a rate of their own, and for longer."""
_RIDGE = 1e-4
"""Of least squares, in parts of a mode's energy: modes don't fight each other."""


class Modes(NamedTuple):
    """Damped sinusoids, `amplitude exp(-t / decay) sin(2 pi (frequency t + turns))`.

    Attributes:
        frequencies_hz: `[n_modes]`.
        amplitudes: Linear, >= 0.
        decays_s: Times after which they are 8.7 dB softer.
        turns: Phases at the start.
    """

    frequencies_hz: FloatArray
    amplitudes: FloatArray
    decays_s: FloatArray
    turns: FloatArray


def modal_response(
    frequencies_hz: tf.Tensor,
    amplitudes: tf.Tensor,
    decays_s: tf.Tensor,
    turns: tf.Tensor,
    *,
    n_samples: int,
    sample_rate: int,
) -> tf.Tensor:
    """Sums the modes of a body that is struck at sample 0.

    Modes at or above Nyquist are silent, so there are no aliases. Phases are right to 1e-6 turns.

    Args:
        frequencies_hz: `[batch, n_modes]`, >= 0.
        amplitudes: Linear, `[batch, n_modes]`.
        decays_s: Times after which modes are 8.7 dB (a factor e) softer, `[batch, n_modes]`, > 0.
        turns: Phases at sample 0, `[batch, n_modes]`.
        n_samples: >= 1.
        sample_rate: In Hz.

    Returns:
        Audio, `[batch, n_samples]`.

    Raises:
        ArgumentError: Shapes that don't fit each other, or counts that aren't positive integers.

    Example:
        >>> one = tf.ones([1, 1])
        >>> bell = modal_response(880.0 * one, one, 0.5 * one, 0.25 * one, n_samples=8000,
        ...                       sample_rate=16000)
        >>> round(float(bell[0, 0]), 3), bool(abs(bell[0, 7999]) < 0.37)
        (1.0, True)

    Reference:
        Shier et al. 2023, "Differentiable modelling of percussive audio with transient and spectral
        synthesis", section 3.1.
    """
    require_positive_integer("n_samples", n_samples)
    require_positive_integer("sample_rate", sample_rate)
    axes = "batch n_modes"
    frequencies_hz, amplitudes, decays_s, turns = checked(
        frequencies_hz=(frequencies_hz, axes),
        amplitudes=(amplitudes, axes),
        decays_s=(decays_s, axes),
        turns=(turns, axes),
        broadcast=("batch",),
    )
    dtype = amplitudes.dtype
    time_s = tf.range(n_samples, dtype=tf.float64) / sample_rate
    cycles = tf.cast(frequencies_hz, tf.float64)[..., tf.newaxis] * time_s
    place = tf.cast(cycles - tf.round(cycles), dtype) + turns[..., tf.newaxis]
    audible = tf.cast(frequencies_hz < 0.5 * sample_rate, dtype)
    fading = tf.exp(-tf.cast(time_s, dtype) / decays_s[..., tf.newaxis])
    waves = tf.sin(_TWO_PI * place) * fading
    return tf.reduce_sum((amplitudes * audible)[..., tf.newaxis] * waves, axis=1)


def find_modes(
    audio: FloatArray, *, n_modes: int, sample_rate: int, highest_hz: float = 4000.0
) -> Modes:
    """Finds the damped sinusoids in what follows a stroke.

    Their poles come from the rotational invariance of the signal's subspace (ESPRIT) at a lowered
    sample rate, amplitudes and phases by least squares over the whole sound.

    Args:
        audio: `[n_samples]`, from the stroke on.
        n_modes: How many to look for, >= 1; where the sound has fewer, the others are silent.
        sample_rate: In Hz.
        highest_hz: No mode above is looked for.

    Returns:
        `n_modes` modes, the loudest first.

    Raises:
        ArgumentError: Less than 8 samples, samples that aren't finite, or no mode asked for.

    Example:
        >>> time_s = np.arange(8000) / 16000
        >>> modes = find_modes(np.exp(-time_s / 0.1) * np.sin(2 * np.pi * 200 * time_s),
        ...                    n_modes=1, sample_rate=16000)
        >>> round(float(modes.frequencies_hz[0]), 1), round(float(modes.decays_s[0]), 3)
        (200.0, 0.1)

    Reference:
        Roy and Kailath 1989, "ESPRIT: estimation of signal parameters via rotational invariance
        techniques".
    """
    audio = np.asarray(audio, np.float64)
    if audio.ndim != 1 or len(audio) < 8 or not np.isfinite(audio).all() or n_modes < 1:
        raise ArgumentError(
            "`audio` should be [n_samples], 8 finite samples at least, and `n_modes` at least 1. "
            f"Received the shape {audio.shape} and {n_modes}."
        )
    bands = [
        _modes_between(audio, n_modes, sample_rate, low_hz, high_hz)
        for low_hz, high_hz in ((1.0, _LOW * highest_hz), (_LOW * highest_hz, highest_hz))
    ]
    frequencies_hz, decays_s = np.concatenate(bands, axis=1)
    amplitudes, turns = _amplitudes(audio, frequencies_hz, decays_s, sample_rate)
    order = np.argsort(-amplitudes * np.sqrt(decays_s))[:n_modes]
    missing = n_modes - len(order)
    found = (x[order] for x in (frequencies_hz, amplitudes, decays_s, turns))
    return Modes(
        *(
            np.pad(x, (0, missing), constant_values=rest)
            for x, rest in zip(found, (100.0, 0.0, 0.1, 0.0), strict=True)
        )
    )


def _modes_between(
    audio: FloatArray, n_modes: int, sample_rate: int, low_hz: float, high_hz: float
) -> FloatArray:
    """Frequencies and decays of modes in a band, `[2, any]`."""
    factor = max(1, int(sample_rate / (2.5 * high_hz)))
    lowered = _decimated(audio, factor)[:_LONGEST]
    if len(lowered) < 8:
        return np.zeros([2, 0])
    poles = _poles(lowered, n_modes)
    rate = sample_rate / factor
    frequencies_hz = np.angle(poles) * rate / _TWO_PI
    decays_s = -1.0 / (np.log(np.clip(np.abs(poles), 1e-3, 1.0 - 1e-6)) * rate)
    chosen = (frequencies_hz > low_hz) & (frequencies_hz <= high_hz)
    return np.stack([frequencies_hz[chosen], np.clip(decays_s[chosen], 1e-3, 10.0)])


def _decimated(audio: FloatArray, factor: int) -> FloatArray:
    if factor == 1:
        return audio
    taps = scipy.signal.firwin(24 * factor + 1, 0.9 / factor)
    return scipy.signal.upfirdn(taps, audio, down=factor)[12 : 12 + len(audio) // factor + 1]


def _poles(audio: FloatArray, n_modes: int) -> FloatArray:
    """Poles in the upper half of the plane, by ESPRIT."""
    half = len(audio) // 2
    order = min(2 * n_modes, half - 1)
    hankel = scipy.linalg.hankel(audio[:half], audio[half - 1 :])
    vectors = scipy.linalg.svd(hankel, full_matrices=False)[0][:, :order]
    turn = scipy.linalg.lstsq(vectors[:-1], vectors[1:])[0]
    poles = np.asarray(scipy.linalg.eigvals(turn))
    return poles[poles.imag > 0.0]


def _amplitudes(
    audio: FloatArray, frequencies_hz: FloatArray, decays_s: FloatArray, sample_rate: int
) -> tuple[FloatArray, FloatArray]:
    """Amplitudes and phases of damped sinusoids by least squares."""
    if not len(frequencies_hz):
        return np.zeros(0), np.zeros(0)
    time_s = np.arange(len(audio))[:, np.newaxis] / sample_rate
    waves = np.exp(time_s * (2j * math.pi * frequencies_hz - 1.0 / decays_s))
    basis = np.concatenate([waves.imag, waves.real], axis=1)
    gram = basis.T @ basis
    gram += _RIDGE * np.diag(np.diag(gram))
    sines, cosines = np.split(scipy.linalg.solve(gram, basis.T @ audio, assume_a="pos"), 2)
    return np.hypot(sines, cosines), np.arctan2(cosines, sines) / _TWO_PI
