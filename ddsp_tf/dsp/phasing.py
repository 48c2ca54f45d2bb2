"""Phasers: all-passes in series, fed back, whose frequency moves."""

import math
from typing import Any

import numpy as np
import tensorflow as tf

from ddsp_tf.dsp.framing import frames_of_blocks, n_frames, overlap_add
from ddsp_tf.dsp.recurrences import state_space
from ddsp_tf.dsp.shapes import size
from ddsp_tf.dsp.spectral import hann_window, padded_rfft
from ddsp_tf.errors import ArgumentError

_OVERLAP = 4
"""Frames over each sample: Hann windows a quarter of their length apart sum to 2."""


def all_pass_loop(
    audio: tf.Tensor,
    frequency_hz: Any,
    feedback: Any,
    memory: tf.Tensor | None = None,
    *,
    n_stages: int,
    sample_rate: float,
) -> tuple[tf.Tensor, tf.Tensor]:
    """Sends a sound through equal all-passes in series, whose end is fed back to their beginning.

    y = A x / (1 - feedback A) with A = ((c + z^-1) / (1 + c z^-1))^n_stages, without a delay in the
    loop; each stage turns by -90 degrees at `frequency_hz`. Exact at every sample: stage after
    stage in float64, whose memories are one recursion. Blocks of any length, each with the memory
    of the one before, give what one call gives.

    Args:
        audio: `[batch, n_samples]`.
        frequency_hz: Above 0 and below half the sample rate, `[batch, n_samples]`, where 1 in place
            of a size stands for all.
        feedback: Between -1 and 1, likewise.
        memory: As the previous block gave, `[batch, n_stages]`, float64; None means silence.
        n_stages: All-passes, at least 1.
        sample_rate: In Hz.

    Returns:
        `[batch, n_samples]` in the audio's precision, and the memory for the next block.

    Raises:
        ArgumentError: Audio of another rank, or below 1 stage.

    Example:
        >>> turned, _ = all_pass_loop(
        ...     tf.one_hot([0], 4000), [[300.0]], [[0.0]], n_stages=4, sample_rate=16000)
        >>> round(float(tf.reduce_sum(turned**2)), 4)
        1.0

    Reference:
        Carson, Valentini-Botinhao, King and Bilbao 2023, "Differentiable grey-box modelling of
        phaser effects using frame-based spectral processing", section 2.
    """
    audio = tf.convert_to_tensor(audio)
    if audio.shape.rank != 2 or n_stages < 1:
        raise ArgumentError(
            "`audio` should be [batch, n_samples] and `n_stages` at least 1. "
            f"Received shape {audio.shape} and {n_stages}."
        )
    c, g = _coefficient(frequency_hz, sample_rate), tf.cast(feedback, tf.float64)
    if memory is None:
        memory = tf.zeros([tf.shape(audio)[0], n_stages], tf.float64)
    # A stage gives c x + memory, and then remembers (1 - c^2) x - c memory. What comes in and what
    # is remembered reach the end by powers of c, the loop is solved, and so all is linear.
    powers = [c**k for k in range(n_stages + 1)]
    opened = 1.0 / (1.0 - g * powers[n_stages])
    kept = 1.0 - c * c
    reach = tf.stack([kept * power * opened for power in powers[:-1]], axis=-1)
    rows = [
        [
            _sum_of(
                g * kept * powers[row] * powers[n_stages - 1 - column] * opened,
                kept * powers[row - 1 - column] if column < row else None,
                -c if column == row else None,
            )
            for column in range(n_stages)
        ]
        for row in range(n_stages)
    ]
    matrices = tf.stack([tf.stack(row, axis=-1) for row in rows], axis=-2)
    sound = tf.cast(audio, tf.float64)
    states, following = state_space(reach * sound[..., tf.newaxis], matrices, memory)
    before = tf.concat([memory[:, tf.newaxis], states], axis=1)[:, :-1]
    ends = tf.stack(powers[n_stages - 1 :: -1], axis=-1)
    played = opened * (powers[n_stages] * sound + tf.reduce_sum(ends * before, axis=-1))
    return tf.ensure_shape(tf.cast(played, audio.dtype), audio.shape), following


def all_pass_loop_by_frames(
    audio: tf.Tensor,
    frequency_hz: Any,
    feedback: Any,
    *,
    n_stages: int,
    hop_length: int,
    sample_rate: float,
) -> tf.Tensor:
    """Approximates `all_pass_loop` by spectra of frames, each of which has one frequency.

    Frames of four hops under a Hann window, transformed at more than twice their length,
    multiplied by the sampled response and added up. What stands still is what `all_pass_loop`
    gives, up to how long it rings beyond a frame; what moves should hardly do so in a frame.

    Args:
        audio: `[batch, n_samples]`.
        frequency_hz: `[batch, n_frames, 1]`, frame i at sample i * `hop_length`; 1 in place of a
            size stands for all.
        feedback: Between -1 and 1, likewise.
        n_stages: All-passes, at least 1.
        hop_length: Samples between frames; the paper takes 20 ms.
        sample_rate: In Hz.

    Returns:
        `[batch, n_samples]`.

    Example:
        >>> turned = all_pass_loop_by_frames(
        ...     tf.one_hot([500], 4000), [[[300.0]]], [[[0.0]]],
        ...     n_stages=4, hop_length=320, sample_rate=16000)
        >>> round(float(tf.reduce_sum(turned**2)), 3)
        1.0

    Reference:
        As for `all_pass_loop`, section 3.
    """
    audio = tf.convert_to_tensor(audio)
    frame_length = _OVERLAP * hop_length
    n_points = 2 ** (math.ceil(math.log2(frame_length)) + 1)
    zeros, poles = _polynomials(frequency_hz, feedback, n_stages, sample_rate)
    angles = 2.0 * np.pi * np.arange(n_points // 2 + 1) / n_points

    def at_bins(polynomial: list[tf.Tensor]) -> tf.Tensor:
        turns = [np.exp(-1j * angles * delay) for delay in range(len(polynomial))]
        return tf.add_n(
            [tf.cast(b, tf.complex128) * turn for b, turn in zip(polynomial, turns, strict=True)]
        )

    response = at_bins(zeros) / at_bins(poles)
    # Every sample lies in four frames, the first of which begin before the sound.
    before = _OVERLAP - 1
    n_samples, count = size(audio, 1), n_frames(size(audio, 1), hop_length)
    after = (count + before) * hop_length - n_samples
    padded = tf.pad(audio, [[0, 0], [before * hop_length, after]])
    hops = tf.reshape(padded, [-1, count + 2 * before, hop_length])
    frames = frames_of_blocks(hops, frame_length)
    frames *= hann_window(frame_length, audio.dtype.as_numpy_dtype) * 2.0 / _OVERLAP
    if response.shape[1] != 1:
        # A frame's middle is its place; those outside have the frequency of the nearest.
        places = tf.clip_by_value(tf.range(count + before) - 1, 0, size(response, 1) - 1)
        response = tf.gather(response, places, axis=1)
    spectra = padded_rfft(frames, n_points)
    rung = tf.signal.irfft(spectra * tf.cast(response, spectra.dtype), [n_points])
    whole = n_frames(n_points, hop_length) * hop_length
    segments = tf.pad(rung, [[0, 0], [0, 0], [0, whole - n_points]])
    start = before * hop_length
    played = overlap_add(tf.ensure_shape(segments, [None, None, whole]), hop_length)
    return tf.ensure_shape(played[:, start : start + n_samples], audio.shape)


def _polynomials(
    frequency_hz: Any, feedback: Any, n_stages: int, sample_rate: float
) -> tuple[list[tf.Tensor], list[tf.Tensor]]:
    """Zeros and poles of the loop, as coefficients of z^0, z^-1 ..., in float64."""
    c, g = _coefficient(frequency_hz, sample_rate), tf.cast(feedback, tf.float64)
    counts = [math.comb(n_stages, k) for k in range(n_stages + 1)]
    forward = [n * c ** (n_stages - k) for k, n in enumerate(counts)]
    back = [n * c**k for k, n in enumerate(counts)]
    return forward, [a - g * b for a, b in zip(back, forward, strict=True)]


def _coefficient(frequency_hz: Any, sample_rate: float) -> tf.Tensor:
    tangent = tf.tan(np.pi / sample_rate * tf.cast(frequency_hz, tf.float64))
    return (tangent - 1.0) / (tangent + 1.0)


def _sum_of(first: tf.Tensor, *others: tf.Tensor | None) -> tf.Tensor:
    return sum((other for other in others if other is not None), first)
