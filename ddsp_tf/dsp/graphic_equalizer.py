"""Graphic equalisers: bells at fixed centres whose gains are what one asks for.

Neighbouring bells reach into each other, so bells with the gains asked for give far more in sum.
Their own gains are found from how far each reaches into each other band.
"""

import functools
import math
from collections.abc import Sequence
from typing import Any

import numpy as np
import tensorflow as tf

from ddsp_tf.dsp.biquads import biquad_response, peak_biquad
from ddsp_tf.errors import ArgumentError
from ddsp_tf.types import FloatArray

_ROUNDS = 4
_PROTOTYPE_DB = 17.0


def octave_bands_hz(*, sample_rate: float, bands_per_octave: int = 1) -> list[float]:
    """Gives the centres of the octaves around 1 kHz, or of shares of them.

    Args:
        sample_rate: In Hz.
        bands_per_octave: 1 for octaves, 3 for thirds.

    Returns:
        In Hz, rising, from 31.25 Hz or its thirds to below 0.4 of the sample rate.

    Raises:
        ArgumentError: `bands_per_octave` below 1, or a `sample_rate` without a band.

    Example:
        >>> octave_bands_hz(sample_rate=16000)
        [31.25, 62.5, 125.0, 250.0, 500.0, 1000.0, 2000.0, 4000.0]
    """
    if bands_per_octave < 1 or sample_rate < 100:
        raise ArgumentError(
            "`bands_per_octave` should be at least 1 and `sample_rate` 100. "
            f"Received {bands_per_octave} and {sample_rate}."
        )
    highest = bands_per_octave * math.log2(0.4 * sample_rate / 1000.0)
    return [
        1000.0 * 2 ** (k / bands_per_octave)
        for k in range(-5 * bands_per_octave, math.ceil(highest))
    ]


def graphic_equalizer_sections(
    gains_db: Any, frequencies_hz: Sequence[float], *, sample_rate: float
) -> tf.Tensor:
    """Designs one bell a band, so that the gain at each centre is the one asked for.

    Between centres the gain runs near the straight line in dB. In octaves or thirds of them, gains
    of up to 12 dB, whatever their signs, are met within 0.3 dB. 0 dB everywhere is the identity.

    Args:
        gains_db: At the centres, `[..., n_bands]`.
        frequencies_hz: The centres, rising, below half the sample rate; `octave_bands_hz` gives the
            usual ones.
        sample_rate: In Hz.

    Returns:
        b0, b1, b2, a1, a2 of each band, `[..., n_bands, 5]`, in float64 if the gains are, else in
        float32.

    Raises:
        ArgumentError: Centres that don't rise between 0 and half the sample rate, or another
            number of them than of gains.

    Example:
        >>> graphic_equalizer_sections([6.0, 6.0], [500.0, 1000.0], sample_rate=16000).shape
        TensorShape([2, 5])

    Reference:
        Valimaki and Liski 2017, "Accurate cascade graphic equalizer" (the interaction matrix, and
        points between the centres).
    """
    gains_db = tf.convert_to_tensor(gains_db)
    double = gains_db.dtype == tf.float64
    gains_db = tf.cast(gains_db, tf.float64)
    centres = np.asarray(frequencies_hz, np.float64)
    edges = np.concatenate([[0.0], centres, [sample_rate / 2]])
    if centres.ndim != 1 or not centres.size or not np.all(np.diff(edges) > 0):
        raise ArgumentError(
            f"`frequencies_hz` should rise between 0 and {sample_rate / 2:g} Hz, half the sample "
            f"rate. Received {list(frequencies_hz)}."
        )
    if gains_db.shape[-1] != len(centres):
        raise ArgumentError(
            f"`gains_db` should be [..., {len(centres)}], one for each of `frequencies_hz`. "
            f"Received shape {gains_db.shape}."
        )
    points, widths, solution = _interaction(tuple(centres.tolist()), sample_rate)
    angles = 2 * np.pi * points / sample_rate
    wanted = tf.matmul(gains_db[..., tf.newaxis, :], _between(centres, points))[..., 0, :]

    def design(own_db: tf.Tensor) -> tf.Tensor:
        return peak_biquad(centres, own_db, widths, sample_rate=sample_rate)

    own_db = tf.linalg.matvec(solution, wanted)
    for _ in range(_ROUNDS):
        response = biquad_response(design(own_db), angles)
        played_db = 20 / math.log(10) * tf.math.log(tf.abs(response))
        own_db += tf.linalg.matvec(solution, wanted - played_db)
    return tf.cast(design(own_db), tf.float64 if double else tf.float32)


@functools.cache
def _interaction(
    centres: tuple[float, ...], sample_rate: float
) -> tuple[FloatArray, FloatArray, FloatArray]:
    """Points in Hz, each bell's Q, and what gains of bells give wanted decibels at the points."""
    hz = np.array(centres)
    steps = hz[1:] / hz[:-1]
    # A bell is as wide as its band.
    ratio = (
        np.sqrt(np.append(steps, steps[-1:]) * np.insert(steps, 0, steps[:1]))
        if len(hz) > 1
        else np.array([2.0])
    )
    q = np.sqrt(ratio) / (ratio - 1)
    points = np.sort(np.concatenate([hz, np.sqrt(hz[1:] * hz[:-1])]))
    with tf.init_scope():
        bells = peak_biquad(hz, _PROTOTYPE_DB, q, sample_rate=sample_rate)[:, tf.newaxis]
        response = biquad_response(bells, 2 * np.pi * points / sample_rate).numpy()
    reach = (20 * np.log10(np.abs(response)) / _PROTOTYPE_DB).T
    # The centres count most.
    weights = np.where(np.isin(points, hz), 1.0, 0.3)
    return points, q, np.linalg.pinv(weights[:, np.newaxis] * reach) * weights


def _between(centres: FloatArray, points: FloatArray) -> FloatArray:
    """Weights of the centres' gains at the points: lines in dB over the logarithm of frequency."""
    rows = np.eye(len(centres))
    return np.stack([np.interp(np.log(points), np.log(centres), row) for row in rows])
