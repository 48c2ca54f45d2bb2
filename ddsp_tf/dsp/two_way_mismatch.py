"""How badly a pitch explains a set of sinusoids."""

from typing import Any

import tensorflow as tf

from ddsp_tf.errors import ArgumentError

_LOUD, _REWARD, _BACK = 1.4, 0.5, 0.33


def two_way_mismatch(
    candidates_hz: Any, frequencies_hz: Any, amplitudes: Any, *, n_harmonics: int = 10
) -> tf.Tensor:
    """Compares the multiples of each candidate with the sinusoids that are there, both ways.

    Each multiple looks for the nearest sinusoid and each sinusoid for the nearest multiple; a
    distance counts less the higher the frequency, more where there is something loud, and a match
    of something loud is rewarded. Multiples that nothing answers speak against low candidates,
    sinusoids that nothing explains against high ones.

    Args:
        candidates_hz: Pitches, `[n_candidates]`, > 0.
        frequencies_hz: Of the sinusoids, `[..., n_sinusoids]`, > 0.
        amplitudes: Linear, >= 0, of the same shape.
        n_harmonics: Multiples of a candidate, at most; none above the highest sinusoid is missed.

    Returns:
        `[..., n_candidates]`; less is better. 0 where all amplitudes are.

    Raises:
        ArgumentError: Shapes that don't fit, or no harmonic.

    Example:
        >>> heard_hz = [100.0, 200.0, 300.0, 500.0]
        >>> error = two_way_mismatch([50.0, 100.0, 200.0], heard_hz, [1.0, 1.0, 1.0, 1.0])
        >>> int(tf.argmin(error))
        1

    Reference:
        Maher and Beauchamp 1994, "Fundamental frequency estimation of musical signals using a
        two-way mismatch procedure", equations 2 to 6.
    """
    f_hz, amplitudes = _real(frequencies_hz), _real(amplitudes)
    candidates = tf.cast(tf.convert_to_tensor(candidates_hz), f_hz.dtype)
    fit = f_hz.shape.is_compatible_with(amplitudes.shape) and f_hz.shape.rank
    if candidates.shape.rank != 1 or not fit or n_harmonics < 1:
        raise ArgumentError(
            "`candidates_hz` should be [n_candidates], `frequencies_hz` and `amplitudes` of one "
            "shape [..., n_sinusoids], and `n_harmonics` 1 or more. Received "
            f"{candidates.shape}, {f_hz.shape}, {amplitudes.shape} and {n_harmonics}."
        )
    amplitudes = tf.cast(amplitudes, f_hz.dtype)
    loudest = tf.reduce_max(amplitudes, axis=-1, keepdims=True)
    share = tf.math.divide_no_nan(amplitudes, loudest)
    numbers = tf.range(1.0, n_harmonics + 1.0)
    multiples = candidates[:, tf.newaxis] * tf.cast(numbers, f_hz.dtype)
    # What is next to silent is no sinusoid: it neither answers nor asks.
    there = share > 0.01
    apart = tf.abs(f_hz[..., tf.newaxis, tf.newaxis, :] - multiples[..., tf.newaxis])
    apart_heard = tf.where(there[..., tf.newaxis, tf.newaxis, :], apart, 1e6)
    nearest = tf.argmin(apart_heard, axis=-1)
    distance = tf.reduce_min(apart_heard, axis=-1)
    rank = f_hz.shape.rank - 1
    answered = tf.gather(share, nearest, axis=-1, batch_dims=rank)
    highest = tf.reduce_max(tf.where(there, f_hz, 0.0), axis=-1)[..., tf.newaxis, tf.newaxis]
    asked = tf.cast(multiples < highest + 0.5 * candidates[:, tf.newaxis], f_hz.dtype)
    forward = _error(distance, multiples, answered) * asked
    forward = tf.math.divide_no_nan(tf.reduce_sum(forward, -1), tf.reduce_sum(asked, -1))
    number = tf.maximum(tf.round(f_hz[..., tf.newaxis, :] / candidates[:, tf.newaxis]), 1.0)
    missed = tf.abs(f_hz[..., tf.newaxis, :] - number * candidates[:, tf.newaxis])
    backward = _error(missed, f_hz[..., tf.newaxis, :], share[..., tf.newaxis, :])
    counts = tf.cast(there, f_hz.dtype)[..., tf.newaxis, :]
    backward = tf.math.divide_no_nan(
        tf.reduce_sum(backward * counts, -1), tf.reduce_sum(counts, -1)
    )
    return tf.where(loudest > 0.0, forward + _BACK * backward, 0.0)


def _error(distance: tf.Tensor, f_hz: tf.Tensor, share: tf.Tensor) -> tf.Tensor:
    relative = distance * tf.math.rsqrt(f_hz)
    return relative + share * (_LOUD * relative - _REWARD)


def _real(values: Any) -> tf.Tensor:
    values = tf.convert_to_tensor(values)
    return values if values.dtype == tf.float64 else tf.cast(values, tf.float32)
