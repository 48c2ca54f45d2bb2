"""Excitations of a voice: sines that start where they like, and noise that repeats."""

import math

import tensorflow as tf

from ddsp_tf.dsp.framing import require_hop
from ddsp_tf.dsp.noise import gaussian_noise
from ddsp_tf.dsp.phases import frame_turns, sample_turns
from ddsp_tf.dsp.shapes import checked, size
from ddsp_tf.errors import ArgumentError

CYCLE_DECAY = 0.87
"""Periods in which cyclic noise decays to 1 / e."""

_LONGEST_CYCLES = 4.6
_TWO_PI = 2.0 * math.pi


def stream_turns(
    f0_hz: tf.Tensor, *, initial_turns: tf.Tensor | None, hop_length: int, sample_rate: int
) -> tuple[tf.Tensor, tf.Tensor]:
    """Gives the phase of a fundamental at every sample of a block.

    Args:
        f0_hz: `[batch, n_frames + 1, 1]`, >= 0, interpolated from frame to frame.
        initial_turns: As the block before returned it, `[batch, 1]`; None: 0.
        hop_length: Samples per frame.
        sample_rate: In Hz.

    Returns:
        In turns, in [0, 1), `[batch, n_frames * hop_length]`, and float64 `[batch, 1]` to pass on.

    Example:
        >>> turns, _ = stream_turns(tf.fill([1, 2, 1], 4000.0), initial_turns=None,
        ...                         hop_length=4, sample_rate=16000)
        >>> turns.numpy().tolist()
        [[0.25, 0.5, 0.75, 0.0]]
    """
    require_hop(hop_length)
    (f0_hz,) = checked(f0_hz=(f0_hz, "batch n_frames 1"))
    rates = {"hop_length": hop_length, "sample_rate": sample_rate}
    starts, following = frame_turns(f0_hz, initial_turns, **rates)
    turns = sample_turns(f0_hz, starts, **rates)[..., 0]
    turns = tf.reshape(turns, [size(f0_hz, 0), (size(f0_hz, 1) - 1) * hop_length])
    return turns - tf.floor(turns), following


def sine_bank(turns: tf.Tensor, shifts: tf.Tensor, *, highest: tf.Tensor) -> tf.Tensor:
    """Gives sines at the multiples of a phase, each with a start of its own.

    Args:
        turns: Phase of the fundamental, `[batch, n_samples]`.
        shifts: What each sine begins with, in turns, `[batch, n_sines]`.
        highest: Sines of a greater number are silent, as they would lie above Nyquist; any real
            number, `[batch, n_samples]`.

    Returns:
        Of amplitude 1, `[batch, n_samples, n_sines]`.

    Example:
        >>> wave = sine_bank(tf.constant([[0.0, 0.25]]), tf.zeros([1, 2]), highest=tf.ones([1, 2]))
        >>> wave.numpy().round(3).tolist()
        [[[0.0, 0.0], [1.0, 0.0]]]
    """
    turns, shifts, highest = checked(
        turns=(turns, "batch n_samples"),
        shifts=(shifts, "batch n_sines"),
        highest=(highest, "batch n_samples"),
        broadcast=("batch",),
    )
    numbers = tf.range(1, shifts.shape[-1] + 1, dtype=turns.dtype)
    phases = turns[..., tf.newaxis] * numbers + shifts[:, tf.newaxis]
    sines = tf.sin(_TWO_PI * (phases - tf.round(phases)))
    return tf.where(numbers <= highest[..., tf.newaxis], sines, tf.zeros([], turns.dtype))


def cyclic_noise(
    turns: tf.Tensor,
    f0_hz: tf.Tensor,
    *,
    sample_rate: int,
    lowest_hz: float = 40.0,
    decay: float = CYCLE_DECAY,
    seed: int = 0,
) -> tf.Tensor:
    """Lets each period begin the same decaying noise.

    A train of pulses, one where the phase passes a whole turn, convolved with
    `noise_t exp(-t f0 / (decay sample_rate))`, t from 0 to `4.6 sample_rate / f0`.

    Args:
        turns: Phase of the fundamental in turns, `[batch, n_samples]`.
        f0_hz: At every sample, `[batch, n_samples]`; there is silence where it is 0.
        sample_rate: In Hz.
        lowest_hz: Below, the noise ends early.
        decay: In periods, > 0.
        seed: Of the noise.

    Returns:
        `[batch, n_samples]`.

    Raises:
        ArgumentError: `decay` or `lowest_hz` isn't above 0.

    Example:
        >>> phase, pitch = tf.range(400.0)[tf.newaxis] / 100.0, tf.fill([1, 400], 160.0)
        >>> wave = cyclic_noise(phase + 9.0, pitch, sample_rate=16000)
        >>> bool(tf.reduce_max(tf.abs(wave[:, 100:] - wave[:, :-100])) < 1e-4)
        True

    Reference:
        Wang and Yamagishi 2020, "Using cyclic noise as the source signal for neural source-filter-
        based speech waveform model", equation 3; the decay is the one that its authors publish.
    """
    if decay <= 0 or lowest_hz <= 0:
        raise ArgumentError(
            f"`decay` and `lowest_hz` should be above 0. Received {decay} and {lowest_hz}."
        )
    turns, f0_hz = checked(turns=(turns, "batch n_samples"), f0_hz=(f0_hz, "batch n_samples"))
    length = math.ceil(_LONGEST_CYCLES * sample_rate / lowest_hz) + 1
    noise = tf.cast(gaussian_noise(1, length, seed=seed)[0], turns.dtype)
    period = tf.math.divide_no_nan(tf.fill([], tf.cast(sample_rate, turns.dtype)), f0_hz)
    turns += 2e-6  # Where a period begins at a sample, rounding doesn't put it at the next.
    fraction = turns - tf.floor(turns)
    total = tf.zeros_like(turns)
    for cycle in range(math.ceil(_LONGEST_CYCLES)):
        age = fraction + float(cycle)  # In periods, since that pulse.
        # The pulse is at the first sample whose phase has passed the turn.
        sample = tf.cast(tf.floor(age * period + 1e-3), tf.int32)
        heard = (age <= _LONGEST_CYCLES) & (sample < length) & (f0_hz > 0)
        values = tf.gather(noise, tf.clip_by_value(sample, 0, length - 1))
        total += tf.where(heard, values * tf.exp(-age / decay), tf.zeros([], turns.dtype))
    return total
