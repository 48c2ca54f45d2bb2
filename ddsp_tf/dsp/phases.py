"""Phases of oscillators, kept in turns.

At every frame a phase is summed without rounding, in float64, and wrapped; inside a frame it is a
second-order polynomial in the controls' type. So its error does not grow with time and does not
depend on how a compiler orders the sum. See `wrapped_sum`.
"""

import tensorflow as tf

from ddsp_tf.errors import ArgumentError


def frame_turns(
    frequencies_hz: tf.Tensor,
    initial_turns: tf.Tensor | None,
    *,
    hop_length: int,
    sample_rate: int,
) -> tuple[tf.Tensor, tf.Tensor]:
    """Gives the phase at the start of each frame but the last, and at the last.

    The frequency at sample j after frame i is f_i + (f_{i+1} - f_i) j / hop, so the sum over a hop
    is exact without a sum over samples.

    Args:
        frequencies_hz: `[batch, n_frames + 1, channels]`.
        initial_turns: Phases at the start, `[batch, channels]`, or None for 0.
        hop_length: Samples per frame.
        sample_rate: In Hz.

    Returns:
        In turns, in [0, 1),
        `[batch, n_frames, channels]` in the frequencies' type, and float64 `[batch, channels]`.
    """
    if frequencies_hz.shape[1] == 1:
        raise ArgumentError(
            "The controls should have one frame more than is played, towards which the last one "
            "glides. Received one frame."
        )
    cycles = tf.cast(frequencies_hz, tf.float64) / sample_rate
    here, following = cycles[:, :-1], cycles[:, 1:]
    per_frame = here * hop_length + (following - here) * (0.5 * (hop_length - 1))
    silence = tf.zeros_like(cycles[:, 0])
    if initial_turns is None:
        initial_turns = silence
    else:
        initial_turns = tf.cast(tf.convert_to_tensor(initial_turns), tf.float64) + silence
    initial_turns = initial_turns[:, tf.newaxis]
    ends = _wrapped(initial_turns + wrapped_sum(per_frame))
    starts = tf.concat([initial_turns, ends[:, :-1]], axis=1)
    return tf.cast(starts, frequencies_hz.dtype), ends[:, -1]


def wrapped_sum(turns: tf.Tensor) -> tf.Tensor:
    """Sums turns along the frames, up to whole turns, without rounding in the sum.

    A sum of increments that are all the same is rounded the same way at every frame, which after
    an hour made 1e-3 rad. So the fractions are split at 2^-26 of a turn: the sum of the multiples
    is exact in float64 up to 2^26 frames, and that of the remainders stays small.

    Returns:
        The sums, in (-2, 2); the error after an hour is 1e-9 turns, that of the increments.
    """
    fractions = turns - tf.round(turns)
    coarse = tf.round(fractions * 2.0**26) * 2.0**-26
    total = tf.cumsum(coarse, axis=1)
    # The gradient goes by the remainders.
    return total - tf.round(total) + tf.cumsum(fractions - coarse, axis=1)


def _wrapped(turns: tf.Tensor) -> tf.Tensor:
    return turns - tf.floor(turns)


def sample_turns(
    frequencies_hz: tf.Tensor, starts: tf.Tensor, *, hop_length: int, sample_rate: int
) -> tf.Tensor:
    """Gives the phase at every sample.

    Sample j after frame i has f_i (j + 1) + (f_{i+1} - f_i) j (j + 1) / (2 hop) more than frame i.

    Args:
        frequencies_hz: `[batch, n_frames + 1, channels]`.
        starts: As `frame_turns` gives.
        hop_length: Samples per frame.
        sample_rate: In Hz.

    Returns:
        In turns, not wrapped, `[batch, n_frames, hop, channels]`.
    """
    cycles = tf.cast(frequencies_hz, tf.float64) / sample_rate
    sample = tf.range(hop_length, dtype=starts.dtype)[:, tf.newaxis]
    here, following = (
        tf.cast(x, starts.dtype)[:, :, tf.newaxis] for x in (cycles[:, :-1], cycles[:, 1:])
    )
    inside = here * (sample + 1.0) + (following - here) * (
        sample * (sample + 1.0) / (2.0 * hop_length)
    )
    return starts[:, :, tf.newaxis] + inside
