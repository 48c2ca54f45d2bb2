"""Octaves' gains as one asks for them, flat beyond the outermost: a shelf, bells, a shelf.

Bells alone (`graphic_equalizer_sections`) return to 0 dB at both ends of the spectrum, which the
decay of a room must not. Here equal gains are exactly flat, and the lowest and the highest hold to
0 Hz and to half the sample rate.
"""

import functools
import math
from collections.abc import Sequence
from typing import Any

import numpy as np
import tensorflow as tf

from ddsp_tf.dsp.biquads import (
    biquad_response,
    high_shelf_biquad,
    low_shelf_biquad,
    peak_biquad,
)
from ddsp_tf.errors import ArgumentError
from ddsp_tf.types import FloatArray

_ROUNDS = 4
_PROTOTYPE_DB = 10.0
_BELL_Q = 1.2


def octave_equalizer_sections(
    gains_db: Any, bands_hz: Sequence[float], *, sample_rate: float
) -> tf.Tensor:
    """Designs a low shelf, bells and a high shelf of the gains asked for at their centres.

    Steps of up to 12 dB an octave are met within 0.5 dB, of 6 dB within 0.01 dB.

    Args:
        gains_db: At the centres, `[..., n_bands]`.
        bands_hz: The centres, rising by octaves below half the sample rate, two at least.
        sample_rate: In Hz.

    Returns:
        b0, b1, b2, a1, a2 of each band, `[..., n_bands, 5]`, in float64 if the gains are, else in
        float32.

    Raises:
        ArgumentError: Bands that don't rise below half the sample rate, or another number of them
            than of gains.

    Example:
        >>> from ddsp_tf import dsp
        >>> flat = octave_equalizer_sections([-3.0] * 3, [500, 1000, 2000], sample_rate=8000)
        >>> gain = np.abs(dsp.biquad_response(flat, [0.0, 1.0, np.pi]))
        >>> (20 * np.log10(gain)).round(2).tolist()
        [-3.0, -3.0, -3.0]

    Reference:
        Lee, Choi and Lee 2022, "Differentiable artificial reverberation", section III (low shelf,
        bells, high shelf); Abel and Berners 2004, "Filter design using second-order peaking and
        shelving sections" (bands that reach into each other).
    """
    double = getattr(gains_db, "dtype", None) in (tf.float64, np.float64)
    wanted = tf.cast(
        gains_db if tf.is_tensor(gains_db) else np.asarray(gains_db, np.float64), tf.float64
    )
    bands = np.asarray(bands_hz, np.float64)
    if len(bands) < 2 or np.any(np.diff(bands, append=sample_rate / 2) <= 0) or bands[0] <= 0:
        raise ArgumentError(
            f"`bands_hz` should be two or more, rising below {sample_rate / 2:g} Hz, half the "
            f"sample rate. Received {list(bands_hz)}."
        )
    if wanted.shape[-1] != len(bands):
        raise ArgumentError(
            f"`gains_db` should be [..., {len(bands)}], one for each of `bands_hz`. "
            f"Received shape {wanted.shape}."
        )
    level = tf.reduce_mean(wanted, axis=-1, keepdims=True)
    wanted -= level
    solution = _interaction(tuple(bands.tolist()), float(sample_rate))
    angles = 2 * np.pi * bands / sample_rate
    own = tf.linalg.matvec(solution, wanted)
    for _ in range(_ROUNDS):
        response = biquad_response(_sections(own, bands, sample_rate), angles)
        played = 20 / math.log(10) * tf.math.log(tf.abs(response))
        own += tf.linalg.matvec(solution, wanted - played)
    sections = _sections(own, bands, sample_rate)
    # The level is the first one's.
    gain = tf.concat([10.0 ** (level / 20.0), tf.ones_like(own[..., 1:])], axis=-1)
    sections = tf.concat([gain[..., tf.newaxis] * sections[..., :3], sections[..., 3:]], axis=-1)
    return tf.cast(sections, tf.float64 if double else tf.float32)


def octave_absorption_sections(
    delays: Sequence[int], t60_s: Any, bands_hz: Sequence[float], *, sample_rate: float
) -> tf.Tensor:
    """Designs what delay lines lose on each pass, so that each octave decays in its own time.

    A line that is `delay` samples long loses 60 delay / (T60 sample_rate) dB. No frequency gains,
    however different neighbouring times are, so that any lossless network of such lines decays.

    Args:
        delays: Of the lines, in samples.
        t60_s: Time for 60 dB in each band, above 0, `[n_bands]`.
        bands_hz: As for `octave_equalizer_sections`.
        sample_rate: In Hz.

    Returns:
        `[n_lines, n_bands, 5]`, for `delay_network`, in float64 if `t60_s` is, else in float32.

    Example:
        >>> from ddsp_tf import dsp
        >>> bands = [500.0, 1000.0, 2000.0]
        >>> line = octave_absorption_sections([800], [2.0, 1.0, 0.5], bands, sample_rate=8000)[0]
        >>> gain = np.abs(dsp.biquad_response(line, 2 * np.pi * np.array(bands) / 8000))
        >>> (20 * np.log10(gain)).round(2).tolist()
        [-3.0, -6.0, -12.0]

    Reference:
        Jot and Chaigne 1991, "Digital delay networks for designing artificial reverberators",
        equation 6.
    """
    double = getattr(t60_s, "dtype", None) in (tf.float64, np.float64)
    times = tf.cast(t60_s if tf.is_tensor(t60_s) else np.asarray(t60_s, np.float64), tf.float64)
    passes = np.asarray(delays, np.float64)[:, np.newaxis] / sample_rate
    sections = octave_equalizer_sections(-60.0 * passes / times, bands_hz, sample_rate=sample_rate)
    angles = np.concatenate([[0.0], np.pi * np.geomspace(1e-4, 1.0, 4000)])
    loudest = tf.reduce_max(tf.abs(biquad_response(sections, angles)), axis=-1)
    # A line that gains anywhere would never end.
    safe = 1.0 / tf.maximum(loudest / (1.0 - 1e-3), 1.0)
    scale = tf.concat([safe[:, tf.newaxis], tf.ones_like(sections[:, 1:, 0])], axis=-1)[
        ..., tf.newaxis
    ]
    sections = tf.concat([scale * sections[..., :3], sections[..., 3:]], axis=-1)
    return tf.cast(sections, tf.float64 if double else tf.float32)


def _sections(own: tf.Tensor, bands: FloatArray, sample_rate: float) -> tf.Tensor:
    low, high = np.sqrt(bands[0] * bands[1]), np.sqrt(bands[-2] * bands[-1])
    return tf.concat(
        [
            low_shelf_biquad(low, own[..., :1], sample_rate=sample_rate),
            peak_biquad(bands[1:-1], own[..., 1:-1], _BELL_Q, sample_rate=sample_rate),
            high_shelf_biquad(high, own[..., -1:], sample_rate=sample_rate),
        ],
        axis=-2,
    )


@functools.cache
def _interaction(bands: tuple[float, ...], sample_rate: float) -> FloatArray:
    """What gains of sections give wanted decibels at the centres."""
    hz = np.array(bands)
    with tf.init_scope():
        alone = tf.constant(_PROTOTYPE_DB * np.eye(len(hz)))
        sections = tf.linalg.diag_part(tf.transpose(_sections(alone, hz, sample_rate), [2, 0, 1]))
        sections = tf.transpose(sections)[:, tf.newaxis]
        response = biquad_response(sections, 2 * np.pi * hz / sample_rate).numpy()
    return np.linalg.inv((20 * np.log10(np.abs(response)) / _PROTOTYPE_DB).T)
