"""The constant-Q transform: spectra whose bins are as wide as a given interval, on tensors."""

import functools
from typing import NamedTuple

import numpy as np
import tensorflow as tf

from ddsp_tf.dsp.framing import over_frames, require_hop
from ddsp_tf.dsp.shapes import checked, require_positive_integer
from ddsp_tf.errors import ArgumentError
from ddsp_tf.types import FloatArray

C1_HZ = 440.0 * 2.0 ** (-45.0 / 12.0)

_PASSED = 0.17
"""Of the rate before it is halved: up to here everything is kept, within 0.001 dB."""

_HALF_TAPS = 20
_KAISER_BETA = 9.0


def constant_q(
    audio: tf.Tensor,
    *,
    sample_rate: int,
    hop_length: int,
    n_bins: int = 190,
    bins_per_octave: int = 24,
    lowest_hz: float = C1_HZ,
) -> tf.Tensor:
    """Gives spectra at frequencies that are equal intervals apart.

    Bin k hears `lowest_hz * 2^(k / bins_per_octave)` through a Hann window of Q periods, with
    `Q = (r^2 + 1) / (r^2 - 1)` of `r = 2^(1 / bins_per_octave)` as librosa has it. A sine of
    amplitude a at a bin's centre has the magnitude a there. Low bins are heard at a rate that is
    halved as often as they and the hop allow; what aliases then is 80 dB softer. Gradients pass.

    Args:
        audio: `[batch, n_samples]`.
        sample_rate: In Hz.
        hop_length: Samples between frames; the more often it can be halved, the faster.
        n_bins: Bins, all of them below Nyquist.
        bins_per_octave: Bins that an octave has.
        lowest_hz: Centre of the first bin, above 0.

    Returns:
        complex64 `[batch, ceil(n_samples / hop_length), n_bins]`, frame i centred on sample
        `i * hop_length`; complex128 of float64 audio.

    Raises:
        ArgumentError: A bin isn't below Nyquist, a length or a count isn't a positive integer, or
            the audio isn't `[batch, n_samples]`.

    Example:
        >>> sine = tf.sin(2.0 * np.pi * 440.0 * tf.range(16000.0)[tf.newaxis] / 16000.0)
        >>> found = constant_q(0.5 * sine, sample_rate=16000, hop_length=160)
        >>> round(float(abs(found[0, 50, 90])), 3)
        0.5

    Reference:
        Brown 1991, "Calculation of a constant Q spectral transform"; rates that are halved by
        octave: Schörkhuber and Klapuri 2010, "Constant-Q transform toolbox for music processing".
    """
    require_hop(hop_length)
    (audio,) = checked(audio=(audio, "batch n_samples"))
    levels = _levels(sample_rate, hop_length, n_bins, bins_per_octave, lowest_hz)
    parts, n_halvings = [], 0
    for level in levels:
        for _ in range(level.n_halvings - n_halvings):
            audio = _halve_rate(audio)
        n_halvings = level.n_halvings
        kernel = tf.constant(level.kernel, audio.dtype)
        # Bound now: a long sound is heard chunk by chunk.
        heard = over_frames(
            functools.partial(tf.linalg.matmul, b=kernel),
            audio,
            frame_length=level.kernel.shape[0],
            hop_length=hop_length // 2**n_halvings,
        )
        parts.append(tf.complex(*tf.split(heard, 2, axis=-1)))
    return tf.concat(parts[::-1], axis=-1)


def constant_q_magnitude(
    audio: tf.Tensor,
    *,
    sample_rate: int,
    hop_length: int,
    n_bins: int = 190,
    bins_per_octave: int = 24,
    lowest_hz: float = C1_HZ,
) -> tf.Tensor:
    """Gives the magnitudes of `constant_q`, `[batch, n_frames, n_bins]`, >= 0.

    Example:
        >>> constant_q_magnitude(tf.zeros([2, 800]), sample_rate=16000, hop_length=160).shape
        TensorShape([2, 5, 190])
    """
    return tf.abs(
        constant_q(
            audio,
            sample_rate=sample_rate,
            hop_length=hop_length,
            n_bins=n_bins,
            bins_per_octave=bins_per_octave,
            lowest_hz=lowest_hz,
        )
    )


def constant_q_frequencies_hz(
    n_bins: int, *, bins_per_octave: int = 24, lowest_hz: float = C1_HZ
) -> FloatArray:
    """Gives the centres of the bins in Hz, float64 `[n_bins]`.

    Example:
        >>> constant_q_frequencies_hz(25)[[0, 24]].round(2).tolist()
        [32.7, 65.41]
    """
    return lowest_hz * 2.0 ** (np.arange(n_bins) / bins_per_octave)


def quality_factor(bins_per_octave: int) -> float:
    """Gives Q, the periods that a bin's window holds.

    Example:
        >>> round(quality_factor(24), 2)
        34.63
    """
    squared = 2.0 ** (2.0 / bins_per_octave)
    return (squared + 1.0) / (squared - 1.0)


def constant_q_response(ratio: FloatArray, *, bins_per_octave: int = 24) -> FloatArray:
    """Gives the magnitude that a sine of amplitude 1 has in a bin.

    Args:
        ratio: Its frequency as a multiple of the bin's centre, any shape.
        bins_per_octave: Bins that an octave has.

    Returns:
        float64 of the same shape, from 0 to 1: the transform of the Hann window, without the image
        at negative frequency.

    Example:
        >>> constant_q_response(np.array([1.0, 2.0 ** (1 / 24), 2.0])).round(3).tolist()
        [1.0, 0.489, 0.0]
    """
    place = quality_factor(bins_per_octave) * (np.asarray(ratio, np.float64) - 1.0)
    # At a distance of 1 both factors are 0; the limit is 1/2.
    at_one = np.isclose(np.abs(place), 1.0, rtol=0.0, atol=1e-9)
    divisor = np.where(at_one, 1.0, 1.0 - place**2)
    return np.abs(np.where(at_one, 0.5, np.sinc(place) / divisor))


class _Level(NamedTuple):
    """Bins that are heard at the same rate."""

    n_halvings: int
    kernel: FloatArray
    """Cosines and sines under windows, `[length, 2 * n_bins]`."""


@functools.lru_cache(maxsize=8)
def _levels(
    sample_rate: int, hop_length: int, n_bins: int, bins_per_octave: int, lowest_hz: float
) -> list[_Level]:
    """Levels from the highest bins to the lowest."""
    for name, value in {
        "sample_rate": sample_rate,
        "n_bins": n_bins,
        "bins_per_octave": bins_per_octave,
    }.items():
        require_positive_integer(name, value)
    if not lowest_hz > 0:
        raise ArgumentError(f"`lowest_hz` should be above 0. Received {lowest_hz}.")
    f_hz = constant_q_frequencies_hz(n_bins, bins_per_octave=bins_per_octave, lowest_hz=lowest_hz)
    if f_hz[-1] >= 0.5 * sample_rate:
        raise ArgumentError(
            f"All bins should be below Nyquist, {0.5 * sample_rate:g} Hz; the last of {n_bins} is "
            f"at {f_hz[-1]:.1f} Hz. Take fewer `n_bins`, a lower `lowest_hz`, or more "
            "`bins_per_octave`."
        )
    quality = quality_factor(bins_per_octave)
    most = (hop_length & -hop_length).bit_length() - 1
    # The window's main lobe reaches two Q-ths of the frequency to each side.
    room = 2.0 * _PASSED * sample_rate / (f_hz * (1.0 + 2.0 / quality))
    halvings = np.clip(np.floor(np.log2(np.maximum(room, 1.0))).astype(int), 0, most)
    return [
        _Level(int(count), _kernel(f_hz[halvings == count], sample_rate / 2.0**count, quality))
        for count in np.unique(halvings)
    ]


def _kernel(f_hz: FloatArray, rate: float, quality: float) -> FloatArray:
    lengths = quality * rate / f_hz
    half = int(np.ceil(0.5 * lengths[0]))
    place = np.arange(-half, half + 1)[:, np.newaxis]
    window = np.where(
        np.abs(place) < 0.5 * lengths, 0.5 + 0.5 * np.cos(2 * np.pi * place / lengths), 0.0
    )
    window *= 2.0 / np.sum(window, axis=0)
    angles = 2.0 * np.pi * place * f_hz / rate
    return np.concatenate([window * np.cos(angles), -window * np.sin(angles)], axis=1)


@functools.cache
def _half_band() -> FloatArray:
    """A low-pass under a Kaiser window, at a quarter of the rate, 90 dB down in its stop band."""
    place = np.arange(-_HALF_TAPS, _HALF_TAPS + 1)
    taps = 0.5 * np.sinc(0.5 * place) * np.kaiser(len(place), _KAISER_BETA)
    return taps / np.sum(taps)


def _halve_rate(audio: tf.Tensor) -> tf.Tensor:
    """Keeps every second sample of `[batch, n_samples]`, the first one too."""
    padded = tf.pad(audio, [[0, 0], [_HALF_TAPS, _HALF_TAPS]])[..., tf.newaxis]
    taps = tf.constant(_half_band()[:, np.newaxis, np.newaxis], audio.dtype)
    return tf.nn.conv1d(padded, taps, stride=2, padding="VALID")[..., 0]
