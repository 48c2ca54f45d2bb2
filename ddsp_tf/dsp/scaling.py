"""Maps between the networks' numbers and physical ones."""

import math

import tensorflow as tf

from ddsp_tf.dsp.shapes import floats
from ddsp_tf.dsp.units import DB_RANGE, hz_to_midi, midi_to_hz

MIDI_RANGE = 127.0
"""Span of f0 as a network sees it: MIDI 0 to 127 become 0 to 1."""


def exp_sigmoid(
    x: tf.Tensor, *, exponent: float = 10.0, max_value: float = 2.0, threshold: float = 1e-7
) -> tf.Tensor:
    """Squashes any number into a positive amplitude, near linear in dB for negative numbers.

    It is `max_value * sigmoid(x)**ln(exponent) + threshold`: smooth, and bounded above.

    Args:
        x: Any shape, any value.
        exponent: Steepness; > 1.
        max_value: Upper bound.
        threshold: Lower bound, which keeps gradients of logarithms alive.

    Returns:
        Same shape, in `(threshold, max_value + threshold)`. At 0 it is 0.405.

    Reference:
        Engel et al. 2020, section B.5.
    """
    (x,) = floats(x=x)
    # In the log domain, because sigmoid(x) underflows before its power does.
    return max_value * tf.exp(math.log(exponent) * tf.math.log_sigmoid(x)) + threshold


def scale_f0_hz(f0_hz: tf.Tensor) -> tf.Tensor:
    """Scales a fundamental in Hz to MIDI / 127, in [0, 1] for MIDI notes."""
    return hz_to_midi(f0_hz) / MIDI_RANGE


def unscale_f0_hz(f0_scaled: tf.Tensor) -> tf.Tensor:
    """Gives back the Hz that `scale_f0_hz` scaled."""
    (f0_scaled,) = floats(f0_scaled=f0_scaled)
    return midi_to_hz(f0_scaled * MIDI_RANGE)


def scale_loudness_db(loudness_db: tf.Tensor) -> tf.Tensor:
    """Scales a level in dB to dB / 80 + 1: -80 dB is 0 and 0 dB is 1."""
    (loudness_db,) = floats(loudness_db=loudness_db)
    return loudness_db / DB_RANGE + 1.0


def unscale_loudness_db(loudness_scaled: tf.Tensor) -> tf.Tensor:
    """Gives back the dB that `scale_loudness_db` scaled."""
    (loudness_scaled,) = floats(loudness_scaled=loudness_scaled)
    return (loudness_scaled - 1.0) * DB_RANGE
