"""Waveshapers, and what keeps their overtones from folding down: a higher sample rate inside.

A rate is doubled by zeros between samples and a recursive low-pass, and halved by the same low-pass
and dropping every other sample. Recursive filters delay low frequencies by a few samples in all,
where linear phase would take dozens, and what is learned from aligned pairs stays where it was.
Their phase turns towards the end of the band.
"""

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
import tensorflow as tf

from ddsp_tf.dsp.recurrences import second_order_sections
from ddsp_tf.errors import ArgumentError

FACTORS = (1, 2, 4, 8)

# Elliptic low-passes, 0.02 dB of ripple and -90 dB beyond: up to 0.9 of the lower rate's Nyquist
# frequency for the first doubling, whose images lie close, and wider for those after it.
_SHARP = (
    (
        0.0041089293630992,
        0.0077401979741477,
        0.0041089293630992,
        -0.881944714485549,
        0.234146741841993,
    ),
    (1.0, 1.24730435433589, 1.0, -0.698391796562644, 0.410772219483494),
    (1.0, 0.67615524783763, 1.0, -0.477338300225817, 0.631378600091051),
    (1.0, 0.357239490696828, 1.0, -0.320670825526483, 0.809037337508902),
    (1.0, 0.22425137991482, 1.0, -0.249717563377935, 0.940809376674305),
)
_WIDE = (
    (
        0.0019627994657741,
        0.00354767457819001,
        0.0019627994657741,
        -1.17434937998389,
        0.373314456769527,
    ),
    (1.0, 0.926135723627931, 1.0, -1.1401410962037, 0.545895469408478),
    (1.0, 0.400841489902895, 1.0, -1.17364193912818, 0.825463568854953),
)


def oversampled(
    audio: tf.Tensor,
    function: Callable[[tf.Tensor], tf.Tensor],
    state: tuple[tf.Tensor, ...] | None = None,
    *,
    factor: int = 8,
) -> tuple[tf.Tensor, tuple[tf.Tensor, ...]]:
    """Applies a function of single samples at a multiple of the sample rate.

    Overtones of the function between the old Nyquist frequency and the new one are cut off, by
    90 dB; those beyond the new one fold down, but have fallen far by then. Frequencies up to 0.9 of
    Nyquist pass within 0.15 dB, low ones late by 3.5, 5.8 and 6.9 samples at 2, 4 and 8. Blocks of
    any length, each started with the state of the one before, give what one call gives.

    Args:
        audio: `[batch, n_samples]`.
        function: `[batch, any]` to the same shape, sample by sample.
        state: As the previous block gave; None means silence before.
        factor: 1, 2, 4 or 8; 1 applies the function as it is.

    Returns:
        `[batch, n_samples]`, and the state for the next block.

    Raises:
        ArgumentError: Another factor, or audio of another rank.

    Example:
        >>> tone = tf.sin(0.1 * tf.range(4000.0))[tf.newaxis]
        >>> loud, _ = oversampled(tone, lambda x: tf.tanh(3.0 * x))
        >>> bool(tf.reduce_max(loud) < 1.2)
        True

    Reference:
        Zolzer 2011, DAFX, section 4.1 (aliasing of nonlinear processors).
    """
    require_factor(factor)
    audio = tf.convert_to_tensor(audio)
    if audio.shape.rank != 2:
        raise ArgumentError(f"`audio` should be [batch, n_samples]. Received shape {audio.shape}.")
    before = oversampling_state(tf.shape(audio)[0], factor=factor) if state is None else state
    filters = _filters(factor)
    rising, falling = before[: len(filters)], before[len(filters) :]
    after_rising = []
    for sections, memory in zip(filters, rising, strict=True):
        spread = tf.stack([2.0 * audio, tf.zeros_like(audio)], axis=-1)
        audio, memory = _filtered(tf.reshape(spread, [tf.shape(audio)[0], -1]), sections, memory)
        after_rising.append(memory)
    audio, after_falling = decimated(function(audio), falling, factor=factor)
    return audio, (*after_rising, *after_falling)


def oversampling_state(batch_size: int | tf.Tensor, *, factor: int) -> tuple[tf.Tensor, ...]:
    """Gives the state of `oversampled` after silence."""
    rising = decimation_state(batch_size, factor=factor)[::-1]
    return (*rising, *decimation_state(batch_size, factor=factor))


def decimated(
    audio: tf.Tensor, state: tuple[tf.Tensor, ...] | None = None, *, factor: int
) -> tuple[tf.Tensor, tuple[tf.Tensor, ...]]:
    """Lowers the sample rate of what was made at a multiple of it, by halves.

    What would fold into the band is cut off by 90 dB; the last tenth of the band is lost. Low
    frequencies come late by half of what they do in `oversampled`. Blocks, each started with the
    state of the one before, give what one call gives.

    Args:
        audio: `[batch, n_samples * factor]`.
        state: As the previous block gave; None means silence before.
        factor: 1, 2, 4 or 8.

    Returns:
        `[batch, n_samples]`, and the state for the next block.

    Raises:
        ArgumentError: Another factor.

    Example:
        >>> tone = tf.sin(0.1 * tf.range(4000.0))[tf.newaxis]
        >>> decimated(tone, factor=4)[0].shape
        TensorShape([1, 1000])
    """
    require_factor(factor)
    before = decimation_state(tf.shape(audio)[0], factor=factor) if state is None else state
    after = []
    for sections, memory in zip(reversed(_filters(factor)), before, strict=True):
        audio, memory = _filtered(audio, sections, memory)
        audio = audio[:, ::2]
        after.append(memory)
    return audio, tuple(after)


def decimation_state(batch_size: int | tf.Tensor, *, factor: int) -> tuple[tf.Tensor, ...]:
    """Gives the state of `decimated` after silence."""
    return tuple(
        tf.zeros([batch_size, len(sections), 2], tf.float64)
        for sections in reversed(_filters(factor))
    )


def require_factor(factor: int, *, name: str = "factor") -> None:
    """Checks a factor of sample rates.

    Raises:
        ArgumentError: It isn't one of those that there are filters for.
    """
    if factor not in FACTORS:
        raise ArgumentError(f"`{name}` should be one of 1, 2, 4, 8. Received {factor}.")


def _filters(factor: int) -> list[Any]:
    return [_SHARP, *[_WIDE] * (FACTORS.index(factor) - 1)] if factor > 1 else []


def _filtered(audio: tf.Tensor, sections: Any, memory: tf.Tensor) -> tuple[tf.Tensor, tf.Tensor]:
    coefficients = tf.constant(np.array(sections)[np.newaxis, np.newaxis])
    filtered, memory = second_order_sections(tf.cast(audio, tf.float64), coefficients, memory)
    return tf.cast(filtered, audio.dtype), memory


def hard_clip(audio: tf.Tensor) -> tf.Tensor:
    """Cuts off what is beyond -1 and 1."""
    return tf.clip_by_value(audio, -1.0, 1.0)


def soft_clip(audio: tf.Tensor) -> tf.Tensor:
    """Bends into -1 and 1 by a cubic, 1.5 x - 0.5 x^3 between them: odd overtones up to the third.

    Reference:
        Zolzer 2011, DAFX, section 4.3 (symmetrical soft clipping).
    """
    bent = hard_clip(audio)
    return 1.5 * bent - 0.5 * bent**3


def chebyshev(audio: tf.Tensor, weights: tf.Tensor) -> tf.Tensor:
    """Sums Chebyshev polynomials: of a sine of amplitude 1, each is one overtone.

    Args:
        audio: `[batch, n_samples]`; beyond -1 and 1 polynomials grow fast.
        weights: Of degree 1, 2 ... `[batch, n_degrees]`: the amplitudes of the overtones.

    Returns:
        `[batch, n_samples]`.

    Raises:
        ArgumentError: The number of degrees isn't known.

    Example:
        >>> tone = tf.cos(0.1 * tf.range(100.0))[tf.newaxis]
        >>> octave = chebyshev(tone, tf.constant([[0.0, 1.0]]))
        >>> bool(tf.reduce_max(tf.abs(octave - tf.cos(0.2 * tf.range(100.0)))) < 1e-5)
        True

    Reference:
        Le Brun 1979, "Digital waveshaping synthesis".
    """
    n_degrees = weights.shape[-1]
    if n_degrees is None:
        raise ArgumentError("`weights` should be [batch, n_degrees] with a known n_degrees.")
    before, now, total = tf.ones_like(audio), audio, tf.zeros_like(audio)
    for degree in range(n_degrees):
        total += weights[:, degree, tf.newaxis] * now
        before, now = now, 2.0 * audio * now - before
    return total


def sine_network(
    values: tf.Tensor, layers: Sequence[tuple[tf.Tensor, tf.Tensor]], last: tf.Tensor
) -> tf.Tensor:
    """Bends each of several signals by a curve of its own, a small network of sines.

    Args:
        values: `[..., n_curves]`.
        layers: Matrices and offsets: of the first `[n_curves, 1, n_units]` and `[n_curves,
            n_units]`, of others `[n_curves, n_units, n_units]` and `[n_curves, n_units]`.
        last: Weighs the last layer's sines, `[n_curves, n_units]`.

    Returns:
        `[..., n_curves]`.

    Example:
        >>> layers = [(tf.ones([3, 1, 1]), tf.zeros([3, 1]))]
        >>> bent = sine_network(tf.constant([[0.0, 0.5, 1.0]]), layers, tf.ones([3, 1]))
        >>> bool(tf.reduce_max(tf.abs(bent - tf.sin([[0.0, 0.5, 1.0]]))) < 1e-6)
        True

    Reference:
        Hayes, Saitis and Fazekas 2021, "Neural waveshaping synthesis", section 3.1; Sitzmann et al.
        2020, "Implicit neural representations with periodic activation functions".
    """
    (matrix, offsets), *others = layers
    sines = tf.sin(values[..., tf.newaxis] * matrix[:, 0] + offsets)
    for matrix, offsets in others:
        sines = tf.sin(tf.einsum("...cu,cuv->...cv", sines, matrix) + offsets)
    return tf.reduce_sum(sines * last, axis=-1)


def look_up(values: tf.Tensor, tables: tf.Tensor, *, reach: float) -> tf.Tensor:
    """Bends each of several signals by a curve given at evenly spaced points, joined by lines.

    Args:
        values: `[..., n_curves]`; beyond -reach and reach a curve stays at its end.
        tables: The curves from -reach to reach, `[n_curves, n_points]`.
        reach: > 0.

    Returns:
        `[..., n_curves]`.

    Raises:
        ArgumentError: Curves of a single point, or of none.

    Example:
        >>> bend = look_up(tf.constant([[-9.0, 0.25]]), tf.constant([[0.0, 1.0]] * 2), reach=1.0)
        >>> bend.numpy().tolist()
        [[0.0, 0.625]]

    Reference:
        Hayes, Saitis and Fazekas 2021, "Neural waveshaping synthesis", section 3.4 (FastNEWT).
    """
    n_curves, n_points = tables.shape
    if n_points < 2:
        raise ArgumentError(f"`tables` should have 2 points at least. Received {n_points}.")
    place = (tf.clip_by_value(values / reach, -1.0, 1.0) + 1.0) * (0.5 * (n_points - 1))
    point = tf.minimum(tf.floor(place), n_points - 2.0)
    index = tf.cast(point, tf.int32) + n_points * tf.range(n_curves)
    flat = tf.reshape(tables, [-1])
    slopes = tf.reshape(tf.pad(tables[:, 1:] - tables[:, :-1], [[0, 0], [0, 1]]), [-1])
    both = tf.gather(tf.stack([flat, slopes], axis=-1), index)
    return both[..., 0] + (place - point) * both[..., 1]
