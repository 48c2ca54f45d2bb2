"""Partials of a fundamental and free sinusoids, one as the other; frequencies of a network."""

import math

import tensorflow as tf

from ddsp_tf.dsp.envelopes import Interpolation
from ddsp_tf.dsp.oscillators import remove_above_nyquist, sinusoidal
from ddsp_tf.dsp.shapes import checked, require_positive_integer
from ddsp_tf.dsp.units import bark_to_hz, hz_to_bark, hz_to_erb, midi_to_hz
from ddsp_tf.errors import ArgumentError


def harmonic_to_sinusoidal(
    f0_hz: tf.Tensor,
    amplitudes: tf.Tensor,
    harmonic_distribution: tf.Tensor,
    *,
    sample_rate: int,
) -> tuple[tf.Tensor, tf.Tensor]:
    """Gives the partials of a fundamental as free sinusoids, for `sinusoidal`.

    Args:
        f0_hz: Fundamental in Hz, `[batch, n_frames, 1]`, >= 0.
        amplitudes: Linear amplitude of the sum, `[batch, n_frames, 1]`, >= 0.
        harmonic_distribution: Share of each partial, `[batch, n_frames, n_harmonics]`, >= 0.
        sample_rate: In Hz. Partials at or above half of it get the amplitude 0.

    Returns:
        Frequencies in Hz and amplitudes, each `[batch, n_frames, n_harmonics]`.

    Raises:
        ArgumentError: Shapes that don't fit each other.

    Example:
        >>> one = tf.ones([1, 1, 1])
        >>> hz, _ = harmonic_to_sinusoidal(100 * one, one, tf.ones([1, 1, 3]) / 3, sample_rate=8000)
        >>> hz.numpy().tolist()
        [[[100.0, 200.0, 300.0]]]
    """
    require_positive_integer("sample_rate", sample_rate)
    f0_hz, amplitudes, harmonic_distribution = checked(
        f0_hz=(f0_hz, "batch n_frames 1"),
        amplitudes=(amplitudes, "batch n_frames 1"),
        harmonic_distribution=(harmonic_distribution, "batch n_frames n_harmonics"),
    )
    numbers = tf.range(1, harmonic_distribution.shape[-1] + 1, dtype=f0_hz.dtype)
    frequencies_hz = f0_hz * numbers
    levels = amplitudes * harmonic_distribution
    return frequencies_hz, remove_above_nyquist(frequencies_hz, levels, sample_rate=sample_rate)


def sinusoidal_to_harmonic(
    frequencies_hz: tf.Tensor,
    amplitudes: tf.Tensor,
    f0_hz: tf.Tensor,
    *,
    n_harmonics: int = 100,
    width: float = 0.1,
) -> tuple[tf.Tensor, tf.Tensor]:
    """Gives free sinusoids as partials of a fundamental, each by how near it lies to them.

    A sinusoid counts for partial k by exp(-(d / width)^2), with d its distance from k f0 in
    units of f0.

    Args:
        frequencies_hz: `[batch, n_frames, n_sinusoids]`, in Hz, >= 0.
        amplitudes: Linear, `[batch, n_frames, n_sinusoids]`, >= 0.
        f0_hz: Fundamental in Hz, `[batch, n_frames, 1]`. Where it is 0, nothing sounds.
        n_harmonics: Partials wanted.
        width: Of the bell around each partial, > 0.

    Returns:
        Amplitude of the sum `[batch, n_frames, 1]`, and the shares of its partials
        `[batch, n_frames, n_harmonics]`, which sum to one, or to zero where nothing sounds.

    Raises:
        ArgumentError: Shapes that don't fit each other, no partial, or no width.

    Reference:
        Engel et al. 2020b, "Self-supervised pitch detection by inverse audio synthesis".
    """
    require_positive_integer("n_harmonics", n_harmonics)
    if width <= 0:
        raise ArgumentError(f"`width` should be above 0. Received {width}.")
    frequencies_hz, amplitudes, f0_hz = checked(
        frequencies_hz=(frequencies_hz, "batch n_frames n_sinusoids"),
        amplitudes=(amplitudes, "batch n_frames n_sinusoids"),
        f0_hz=(f0_hz, "batch n_frames 1"),
    )
    numbers = tf.range(1, n_harmonics + 1, dtype=f0_hz.dtype)
    sounding = f0_hz > 0
    multiples = frequencies_hz / tf.where(sounding, f0_hz, tf.ones_like(f0_hz))
    distance = multiples[..., tf.newaxis] - numbers
    bells = tf.exp(-tf.square(distance / width))
    levels = tf.reduce_sum(amplitudes[..., tf.newaxis] * bells, axis=-2)
    levels = tf.where(sounding, levels, tf.zeros_like(levels))
    total = tf.reduce_sum(levels, axis=-1, keepdims=True)
    return total, tf.math.divide_no_nan(levels, total)


def sinusoids(
    frequencies_hz: tf.Tensor,
    amplitudes: tf.Tensor,
    *,
    hop_length: int,
    sample_rate: int,
    amplitude_method: Interpolation = "window",
) -> tf.Tensor:
    """Plays each sinusoid by itself: what `sinusoidal` sums.

    Args:
        frequencies_hz: `[batch, n_frames, n_sinusoids]`, >= 0.
        amplitudes: Linear, of the same shape.
        hop_length: Samples per frame.
        sample_rate: In Hz.
        amplitude_method: See `envelopes.crossfade`.

    Returns:
        Audio, `[batch, n_frames * hop_length, n_sinusoids]`.

    Raises:
        ArgumentError: As `sinusoidal`.

    Example:
        >>> hz = tf.constant([[[440.0, 1000.0]]])
        >>> sinusoids(hz, tf.ones_like(hz), hop_length=64, sample_rate=16000).shape
        TensorShape([1, 64, 2])
    """
    axes = "batch n_frames n_sinusoids"
    frequencies_hz, amplitudes = checked(
        frequencies_hz=(frequencies_hz, axes), amplitudes=(amplitudes, axes)
    )
    shape = tf.shape(frequencies_hz)
    one_by_one = [
        tf.reshape(tf.transpose(x, [0, 2, 1]), [shape[0] * shape[2], shape[1], 1])
        for x in (frequencies_hz, amplitudes)
    ]
    audio = sinusoidal(
        *one_by_one,
        hop_length=hop_length,
        sample_rate=sample_rate,
        amplitude_method=amplitude_method,
    )
    audio = tf.reshape(audio, [shape[0], shape[2], shape[1] * hop_length])
    return tf.ensure_shape(
        tf.transpose(audio, [0, 2, 1]), [frequencies_hz.shape[0], None, frequencies_hz.shape[2]]
    )


def frequencies_sigmoid(
    logits: tf.Tensor, *, lowest_hz: float = 0.0, highest_hz: float = 8000.0
) -> tf.Tensor:
    """Makes frequencies of a network's numbers, each within limits: several may share in one.

    A frequency is `lowest_hz + (highest_hz - lowest_hz) * prod_d sigmoid(x_d)`.

    Args:
        logits: `[..., depth]`, any real numbers; more of them tell low frequencies apart finer.
        lowest_hz: The lower limit, >= 0.
        highest_hz: The upper limit, above it.

    Returns:
        Frequencies in Hz, `[...]`.

    Raises:
        ArgumentError: Limits that are no range.

    Example:
        >>> float(frequencies_sigmoid(tf.zeros([2]), highest_hz=400.0))
        100.0

    Reference:
        Engel et al. 2020b, "Self-supervised pitch detection by inverse audio synthesis".
    """
    (logits,) = checked(logits=(logits, "... depth"))
    if not 0 <= lowest_hz < highest_hz:
        raise ArgumentError(
            "`lowest_hz` should be 0 or more, and `highest_hz` above it. "
            f"Received {lowest_hz} and {highest_hz}."
        )
    shares = tf.exp(tf.reduce_sum(tf.math.log_sigmoid(logits), axis=-1))
    return lowest_hz + (highest_hz - lowest_hz) * shares


def frequencies_critical_bands(
    offsets: tf.Tensor, *, lowest_hz: float = 40.0, highest_hz: float = 7000.0
) -> tf.Tensor:
    """Makes frequencies of a network's numbers, each of which stays in a band of its own.

    The centres are evenly spaced in Bark from `lowest_hz` to `highest_hz`. A frequency is its
    centre plus `tanh(x) / 2` of its critical bandwidth (`hz_to_erb`): a sinusoid can't go where a
    loss no longer hears what it is for.

    Args:
        offsets: `[..., n_bands]`, any real numbers, at least two bands; 0 is the centre.
        lowest_hz: The first centre, > 0.
        highest_hz: The last one, above it.

    Returns:
        Frequencies in Hz, `[..., n_bands]`.

    Raises:
        ArgumentError: One band, or limits that are no range.

    Example:
        >>> hz = frequencies_critical_bands(tf.zeros([3]), lowest_hz=100.0, highest_hz=1000.0)
        >>> [round(float(each)) for each in hz]
        [100, 469, 1000]

    Reference:
        Traunmueller 1990, "Analytical expressions for the tonotopic sensory scale"; Glasberg and
        Moore 1990, "Derivation of auditory filter shapes from notched-noise data".
    """
    (offsets,) = checked(offsets=(offsets, "... n_bands"))
    if offsets.shape[-1] is None or offsets.shape[-1] < 2:
        raise ArgumentError(f"`offsets` should have two bands or more. Received {offsets.shape}.")
    if not 0 < lowest_hz < highest_hz:
        raise ArgumentError(
            "`lowest_hz` should be above 0, and `highest_hz` above it. "
            f"Received {lowest_hz} and {highest_hz}."
        )
    lowest, highest = (float(hz_to_bark(hz)) for hz in (lowest_hz, highest_hz))
    bark = tf.linspace(tf.cast(lowest, offsets.dtype), highest, offsets.shape[-1])
    centres = bark_to_hz(bark)
    return centres + 0.5 * hz_to_erb(centres) * tf.tanh(offsets)


def frequencies_softmax(
    logits: tf.Tensor, *, lowest_hz: float = 20.0, highest_hz: float = 8000.0
) -> tf.Tensor:
    """Makes frequencies of a network's numbers: the mean pitch of bins that are weighed by them.

    The bins are evenly spaced in pitch from `lowest_hz` to `highest_hz`.

    Args:
        logits: `[..., n_bins]`, any real numbers, at least two bins.
        lowest_hz: The first bin, > 0.
        highest_hz: The last bin, above it.

    Returns:
        Frequencies in Hz, `[...]`.

    Raises:
        ArgumentError: One bin, or limits that are no range.

    Example:
        >>> float(frequencies_softmax(tf.zeros([64]), lowest_hz=110.0, highest_hz=440.0))
        220.0

    Reference:
        Engel et al. 2020b, "Self-supervised pitch detection by inverse audio synthesis".
    """
    (logits,) = checked(logits=(logits, "... n_bins"))
    if logits.shape[-1] is None or logits.shape[-1] < 2:
        raise ArgumentError(f"`logits` should have two bins or more. Received {logits.shape}.")
    lowest, highest = _midi_range(lowest_hz, highest_hz)
    bins = tf.linspace(tf.cast(lowest, logits.dtype), highest, logits.shape[-1])
    return midi_to_hz(tf.reduce_sum(tf.nn.softmax(logits) * bins, axis=-1))


def _midi_range(lowest_hz: float, highest_hz: float) -> tuple[float, float]:
    if not 0 < lowest_hz < highest_hz:
        raise ArgumentError(
            "`lowest_hz` should be above 0, and `highest_hz` above it. "
            f"Received {lowest_hz} and {highest_hz}."
        )
    # Numbers, not tensors: a graph that is being traced has no value for those.
    lowest, highest = (69.0 + 12.0 * math.log2(hz / 440.0) for hz in (lowest_hz, highest_hz))
    return lowest, highest
