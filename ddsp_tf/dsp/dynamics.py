"""Dynamics: how loud a sound is, how much it is turned down for that, and how fast.

Levels and gains are in dB. A gain that falls follows its target with the attack time, one that
rises with the release time; which of both it is, is decided at every sample, exactly.
"""

import math
from typing import Any

import tensorflow as tf

from ddsp_tf.dsp.recurrences import compiled, first_order, in_turn
from ddsp_tf.errors import ArgumentError

LOWEST_DB = -120.0
"""Level of silence."""


def level_db(
    audio: tf.Tensor,
    *,
    mean_square: tf.Tensor | None = None,
    factor: Any = None,
) -> tuple[tf.Tensor, tf.Tensor]:
    """Gives the level of every sample: of its peak, or of the mean square until then.

    Args:
        audio: `[batch, n_samples]`.
        mean_square: Before the first sample, `[batch]`; None means silence.
        factor: Of the mean, 0 to 1, `time_factor` of its length, `[batch, 1]` or a number; None
            takes peaks, sample by sample.

    Returns:
        The level in dB full scale, `[batch, n_samples]`, at least -120; and the mean square, for
        the next block.

    Example:
        >>> level_db(tf.constant([[1.0, -0.1, 0.0]]))[0].numpy().round(1).tolist()
        [[0.0, -20.0, -120.0]]
    """
    audio = tf.convert_to_tensor(audio)
    power = tf.square(audio)
    last = tf.zeros_like(audio[:, 0]) if mean_square is None else mean_square
    if factor is not None:
        factor = tf.cast(factor, audio.dtype)
        factors = tf.broadcast_to(1.0 - factor, tf.shape(power))
        power, last = first_order(factor * power, factors, mean_square)
    floor = tf.constant(10.0 ** (LOWEST_DB / 10.0), power.dtype)
    return 10.0 / math.log(10.0) * tf.math.log(tf.maximum(power, floor)), last


def compressor_gain_db(level: tf.Tensor, threshold_db: Any, ratio: Any, knee_db: Any) -> tf.Tensor:
    """Gives the gain of a compressor for a level that stays: 0 dB below the knee.

    Above the threshold the level rises by 1 dB for `ratio` dB; within the knee, which is centred
    at the threshold, the slope changes evenly.

    Args:
        level: In dB, `[batch, n_samples]`.
        threshold_db: Broadcasts with `level`, as the others.
        ratio: At least 1; infinite for a limiter.
        knee_db: Width of the knee, >= 0.

    Returns:
        At most 0 dB, of the shape of `level`.

    Example:
        >>> compressor_gain_db(tf.constant([[-20.0, -8.0]]), -20.0, 4.0, 10.0).numpy().tolist()
        [[-0.9375, -9.0]]

    Reference:
        Giannoulis, Massberg and Reiss 2012, "Digital dynamic range compressor design", equation 4.
    """
    above, slope, knee = _curve(level, threshold_db, knee_db, 1.0 / _like(ratio, level) - 1.0)
    return slope * _bent(above, knee)


def expander_gain_db(
    level: tf.Tensor, threshold_db: Any, ratio: Any, knee_db: Any, range_db: Any = math.inf
) -> tf.Tensor:
    """Gives the gain of a downward expander for a level that stays: 0 dB above the knee.

    Below the threshold the level falls by `ratio` dB for 1 dB, as far as the range. A gate is one
    of a large ratio.

    Args:
        level: In dB, `[batch, n_samples]`.
        threshold_db: Broadcasts with `level`, as the others.
        ratio: At least 1.
        knee_db: Width of the knee, centred at the threshold, >= 0.
        range_db: The most that it turns down, >= 0.

    Returns:
        At most 0 dB, of the shape of `level`.

    Example:
        >>> expander_gain_db(tf.constant([[-50.0, -42.0]]), -40.0, 2.0, 0.0).numpy().tolist()
        [[-10.0, -2.0]]

    Reference:
        Giannoulis, Massberg and Reiss 2012, "Digital dynamic range compressor design", section 1.1,
        mirrored at the threshold.
    """
    above, slope, knee = _curve(level, threshold_db, knee_db, 1.0 - _like(ratio, level))
    return tf.maximum(slope * _bent(-above, knee), -_like(range_db, level))


def _curve(
    level: tf.Tensor, threshold_db: Any, knee_db: Any, slope: tf.Tensor
) -> tuple[tf.Tensor, tf.Tensor, tf.Tensor]:
    level = tf.convert_to_tensor(level)
    return level - _like(threshold_db, level), slope, _like(knee_db, level)


def _bent(above: tf.Tensor, knee: tf.Tensor) -> tf.Tensor:
    """max(above, 0), bent evenly over the knee."""
    inside = tf.abs(above) < knee / 2
    # Where there is no knee, its formula would divide by 0, and its gradient with it.
    width = tf.where(knee > 0, knee, tf.ones_like(knee))
    soft = tf.square(above + knee / 2) / (2 * width)
    return tf.where(inside, soft, tf.nn.relu(above))


def _like(value: Any, level: tf.Tensor) -> tf.Tensor:
    return tf.cast(value, tf.convert_to_tensor(level).dtype)


def time_factor(time_ms: Any, *, sample_rate: float) -> tf.Tensor:
    """Gives the share of the way to its target that a smoothed value goes with each sample.

    1 - exp(-1000 / (time_ms sample_rate)): in `time_ms` it goes 63% of the way. 0 ms is at once.

    Args:
        time_ms: >= 0, `[...]`.
        sample_rate: In Hz.

    Returns:
        0 to 1, of the shape of `time_ms`.

    Raises:
        ArgumentError: `sample_rate` isn't above 0.

    Example:
        >>> round(float(time_factor(1.0, sample_rate=1000)), 3)
        0.632
    """
    if sample_rate <= 0:
        raise ArgumentError(f"`sample_rate` should be above 0. Received {sample_rate}.")
    time_ms = tf.convert_to_tensor(time_ms)
    if not time_ms.dtype.is_floating:
        time_ms = tf.cast(time_ms, tf.float32)
    # At 0 ms the exponent would be infinite, and its gradient no number.
    tiny = tf.constant(1e-6, time_ms.dtype)
    return -tf.math.expm1(-1000.0 / (tf.maximum(time_ms, tiny) * sample_rate))


def attack_release(
    target: tf.Tensor,
    attack: Any,
    release: Any,
    initial_state: tf.Tensor | None = None,
) -> tuple[tf.Tensor, tf.Tensor]:
    """Follows a target: down with one factor, up with another.

    y_t = y_{t-1} + f_t (target_t - y_{t-1}), f_t = attack where target_t < y_{t-1}, else release.
    Exact but for rounding. Gradients are those of what was chosen at each sample, in closed form.
    Blocks of any length, each started with the state of the one before, give what one call gives.

    Args:
        target: `[batch, n_samples]`: a gain in dB, say.
        attack: 0 to 1, `time_factor` of a time: a number, `[batch, 1]` or `[batch, n_samples]`.
        release: As `attack`.
        initial_state: y_{-1}, `[batch]`; None means 0.

    Returns:
        y, `[batch, n_samples]`, and the last of it, for the next block.

    Raises:
        ArgumentError: Shapes or types that don't fit.

    Example:
        >>> followed, _ = attack_release(tf.constant([[-8.0, -8.0, 0.0, 0.0]]), 0.5, 0.25)
        >>> followed.numpy().tolist()
        [[-4.0, -6.0, -4.5, -3.375]]

    Reference:
        Giannoulis, Massberg and Reiss 2012, "Digital dynamic range compressor design", equation 16;
        Yu, Mitcheltree, Carson, Bilbao, Reiss and Fazekas 2024, "Differentiable all-pole filters
        for time-varying audio systems", section 3.3 (the gradient).
    """
    target = tf.convert_to_tensor(target)
    if target.shape.rank != 2:
        raise ArgumentError(f"`target` should be [batch, n_samples]. Got shape {target.shape}.")
    shape = tf.shape(target)
    attack, release = (
        tf.broadcast_to(tf.cast(value, target.dtype), shape) for value in (attack, release)
    )
    before = tf.zeros([shape[0]], target.dtype) if initial_state is None else initial_state
    # Which way it goes is found first; what that makes of the target is a linear recursion.
    falls = _falls(target, attack, release, before[:, tf.newaxis])
    factors = tf.where(falls, attack, release)
    followed, last = first_order(factors * target, 1.0 - factors, before)
    return tf.ensure_shape(followed, target.shape), last


@compiled
def _falls(
    target: tf.Tensor, attack: tf.Tensor, release: tf.Tensor, before: tf.Tensor
) -> tf.Tensor:
    count = tf.shape(target)[1]
    end = [[0, 0], [0, tf.maximum(1 - count, 0)]]
    target, attack, release = (tf.pad(x, end) for x in (target, attack, release))

    def step(sample: tf.Tensor, value: tf.Tensor) -> tuple[tf.Tensor, tf.Tensor]:
        wanted = target[:, sample]
        falls = wanted < value
        factor = tf.where(falls, attack[:, sample], release[:, sample])
        # As the recursion computes it, so that rounding decides alike.
        return tf.cast(falls, value.dtype), (1.0 - factor) * value + factor * wanted

    before = before[:, 0]
    falls, _ = in_turn(step, before, tf.shape(target)[1], element_shape=before.shape)
    return tf.transpose(falls)[:, :count] > 0.5
