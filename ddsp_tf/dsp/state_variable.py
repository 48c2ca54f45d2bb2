"""The state-variable filter: one corner, one damping, and low, band and high-pass at once.

Its states keep their meaning when its parameters change, so it can be swept at the rate of the
audio; and its coefficients keep their precision far below the sample rate, where those of a biquad
in float32 don't.
"""

import math
from typing import Any

import numpy as np
import tensorflow as tf

from ddsp_tf.dsp.recurrences import state_space
from ddsp_tf.errors import ArgumentError


def state_variable_filter(
    audio: tf.Tensor,
    frequency_hz: Any,
    q: Any,
    mix: Any,
    initial_state: tf.Tensor | None = None,
    *,
    sample_rate: float,
    exact_match: bool = True,
) -> tuple[tf.Tensor, tf.Tensor]:
    """Filters by a topology-preserving state-variable filter, exactly, sample after sample.

    y = mix_low low + mix_band band + mix_high high. Stable for every frequency below half the
    sample rate and every q above 0, however they change. With parameters that don't change, it is
    the bilinear transform of (mix_high s^2 + mix_band s + mix_low) / (s^2 + s / q + 1):
    `state_variable_section` gives its biquad.

    Args:
        audio: `[batch, n_samples]`.
        frequency_hz: Corner, between 0 and half the sample rate, a number or `[batch, n_samples]`,
            where 1 in place of a size stands for all.
        q: Above 0, of a shape as `frequency_hz`: 1 / q is the damping.
        mix: Weights of low, band and high-pass, three numbers or `[batch, n_samples, 3]`, where 1
            stands for all. `state_variable_mix` gives those of the usual kinds.
        initial_state: `[batch, 2]`; None means zeros.
        sample_rate: In Hz.
        exact_match: Whether the corner is bent so that it lies exactly at `frequency_hz`,
            g = tan(pi f / sample_rate), as RBJ's biquads do. False: g = pi f / sample_rate, for
            hosts without a tangent; it lies lower, by 1% at 0.055 of the sample rate.

    Returns:
        The audio, `[batch, n_samples]`, and the state for the next block.

    Raises:
        ArgumentError: Shapes that don't fit each other.

    Example:
        >>> mix = state_variable_mix("low_pass", q=0.707)
        >>> filtered, _ = state_variable_filter(
        ...     tf.ones([1, 2000]), 100.0, 0.707, mix, sample_rate=16000)
        >>> round(float(filtered[0, -1]), 4)
        1.0

    Reference:
        Zavalishin 2012, The Art of VA Filter Design, section 4; Kuznetsov, Parker and Esqueda 2020,
        "Differentiable IIR filters for machine learning applications", section 4.
    """
    audio = tf.convert_to_tensor(audio)
    if audio.shape.rank != 2:
        raise ArgumentError(f"`audio` should be [batch, n_samples]. Received shape {audio.shape}.")
    g = _corner(_control("frequency_hz", frequency_hz, audio), sample_rate, exact_match)
    damping = 1.0 / _control("q", q, audio)
    low, band, high = tf.unstack(_mix(mix, audio), axis=-1)
    c = 1.0 / (1.0 + g * (g + damping))
    g, damping, c = (tf.broadcast_to(x, tf.shape(g + damping)) for x in (g, damping, c))
    # With states s_b, s_l: bp = c (g (x - s_l) + s_b), lp = g bp + s_l, then s <- 2 (bp, lp) - s.
    matrices = tf.stack([2 * c - 1, -2 * c * g, 2 * c * g, 1 - 2 * c * tf.square(g)], axis=-1)
    matrices = tf.reshape(matrices, tf.concat([tf.shape(c), [2, 2]], axis=0))
    terms = tf.stack([2 * c * g * audio, 2 * c * tf.square(g) * audio], axis=-1)
    states, last = state_space(terms, matrices, initial_state)
    initial = (
        tf.zeros_like(states[:, :1]) if initial_state is None else initial_state[:, tf.newaxis]
    )
    before = tf.concat([initial, states[:, :-1]], axis=1)[:, : tf.shape(audio)[1]]
    bp = c * (g * (audio - before[..., 1]) + before[..., 0])
    lp = g * bp + before[..., 1]
    hp = audio - lp - damping * bp
    return low * lp + band * bp + high * hp, last


def state_variable_mix(kind: str, *, q: Any, gain_db: Any = 0.0) -> tf.Tensor:
    """Gives the weights of low, band and high-pass for a usual kind of filter.

    With `exact_match`, each is the biquad of the same name with the same corner and Q, but for the
    two whose gain enters elsewhere: a "peak" of RBJ's Q is one of q * sqrt(amplitude) here, where
    amplitude = 10^(gain_db / 20).

    Args:
        kind: "low_pass", "high_pass", "band_pass" (0 dB at its centre), "notch", "all_pass" or
            "peak".
        q: As given to `state_variable_filter`, `[...]`.
        gain_db: Of "peak" alone.

    Returns:
        `[..., 3]`.

    Raises:
        ArgumentError: There is no such kind.

    Example:
        >>> state_variable_mix("notch", q=2.0).numpy().tolist()
        [1.0, 0.0, 1.0]
    """
    dtype = next(
        (x.dtype for x in (q, gain_db) if getattr(x, "dtype", None) == tf.float64), tf.float32
    )
    damping = 1.0 / _cast(q, dtype)
    amplitude = tf.pow(tf.constant(10.0, dtype), _cast(gain_db, dtype) / 20)
    weights = {
        "low_pass": (1.0, 0.0, 0.0),
        "high_pass": (0.0, 0.0, 1.0),
        "band_pass": (0.0, damping, 0.0),
        "notch": (1.0, 0.0, 1.0),
        "all_pass": (1.0, -damping, 1.0),
        "peak": (1.0, damping * amplitude, 1.0),
    }
    if kind not in weights:
        raise ArgumentError(f"`kind` should be one of {', '.join(weights)}. Received {kind!r}.")
    shape = tf.shape(damping * amplitude)
    return tf.stack([tf.broadcast_to(_cast(w, dtype), shape) for w in weights[kind]], axis=-1)


def state_variable_section(
    frequency_hz: Any, q: Any, mix: Any, *, sample_rate: float, exact_match: bool = True
) -> tf.Tensor:
    """Gives the biquad that a state-variable filter is while its parameters don't change.

    Args:
        frequency_hz: As for `state_variable_filter`, `[...]`.
        q: `[...]`.
        mix: `[..., 3]`.
        sample_rate: In Hz.
        exact_match: As for `state_variable_filter`.

    Returns:
        b0, b1, b2, a1, a2 with a0 = 1, `[..., 5]`, in the precision of `mix`.

    Example:
        >>> mix = state_variable_mix("low_pass", q=0.5)
        >>> state_variable_section(4000.0, 0.5, mix, sample_rate=16000).numpy().round(3).tolist()
        [0.25, 0.5, 0.25, 0.0, 0.0]

    Reference:
        Lee, Choi and Lee 2022, "Differentiable artificial reverberation", section III.
    """
    mix = tf.convert_to_tensor(mix)
    g = _corner(_cast(frequency_hz, mix.dtype), sample_rate, exact_match)
    damping = 1.0 / _cast(q, mix.dtype)
    low, band, high = tf.unstack(mix, axis=-1)
    square = tf.square(g)
    a0 = square + g * damping + 1.0
    coefficients = (
        low * square + band * g + high,
        2 * (low * square - high),
        low * square - band * g + high,
        2 * (square - 1.0),
        square - g * damping + 1.0,
    )
    shape = tf.shape(a0 + low)
    return tf.stack([tf.broadcast_to(x / a0, shape) for x in coefficients], axis=-1)


def _corner(frequency_hz: tf.Tensor, sample_rate: float, exact_match: bool) -> tf.Tensor:
    if sample_rate <= 0:
        raise ArgumentError(f"`sample_rate` should be above 0. Received {sample_rate}.")
    angle = frequency_hz * (math.pi / sample_rate)
    return tf.tan(angle) if exact_match else angle


def _control(name: str, values: Any, audio: tf.Tensor) -> tf.Tensor:
    values = _cast(values, audio.dtype)
    if values.shape.rank == 0:
        return tf.reshape(values, [1, 1])
    if values.shape.rank != 2:
        raise ArgumentError(
            f"`{name}` should be a number or [batch, n_samples]. Received shape {values.shape}."
        )
    return values


def _mix(mix: Any, audio: tf.Tensor) -> tf.Tensor:
    mix = _cast(mix, audio.dtype)
    if mix.shape.rank not in (1, 3) or mix.shape[-1] != 3:
        raise ArgumentError(
            f"`mix` should be three numbers or [batch, n_samples, 3]. Received shape {mix.shape}."
        )
    return mix


def _cast(values: Any, dtype: tf.DType) -> tf.Tensor:
    # A cast of Python's numbers would round them to float32 first.
    return tf.cast(values if tf.is_tensor(values) else np.asarray(values, np.float64), dtype)
