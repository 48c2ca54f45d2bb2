"""Maps between the networks' numbers and physical ones."""

import math

import tensorflow as tf

from ddsp_tf.dsp.shapes import floats
from ddsp_tf.dsp.units import DB_RANGE, hz_to_midi, midi_to_hz
from ddsp_tf.errors import ArgumentError

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


def midi_to_unit(midi: tf.Tensor, *, lowest: float = 20.0, highest: float = 90.0) -> tf.Tensor:
    """Scales MIDI note numbers so that `lowest` is 0 and `highest` is 1.

    Args:
        midi: Any shape, fractions allowed. What lies outside gives numbers below 0 or above 1.
        lowest: A note number.
        highest: Another, above it.

    Raises:
        ArgumentError: `highest` isn't above `lowest`.

    Example:
        >>> float(midi_to_unit(55.0))
        0.5
    """
    (midi,) = floats(midi=midi)
    return (midi - lowest) / _span(lowest, highest)


def unit_to_midi(unit: tf.Tensor, *, lowest: float = 20.0, highest: float = 90.0) -> tf.Tensor:
    """Gives back the note numbers that `midi_to_unit` scaled."""
    (unit,) = floats(unit=unit)
    return unit * _span(lowest, highest) + lowest


def hz_to_unit(f_hz: tf.Tensor, *, lowest_hz: float, highest_hz: float) -> tf.Tensor:
    """Scales frequencies in octaves so that `lowest_hz` is 0 and `highest_hz` is 1.

    Args:
        f_hz: Any shape; below 8.18 Hz (MIDI 0) it counts as that.
        lowest_hz: In Hz, at least 8.18.
        highest_hz: In Hz, above it.

    Raises:
        ArgumentError: `highest_hz` isn't above `lowest_hz`.

    Example:
        >>> round(float(hz_to_unit(200.0, lowest_hz=100.0, highest_hz=400.0)), 6)
        0.5
    """
    lowest, highest = _midi_limits(lowest_hz, highest_hz)
    return midi_to_unit(hz_to_midi(f_hz), lowest=lowest, highest=highest)


def unit_to_hz(unit: tf.Tensor, *, lowest_hz: float, highest_hz: float) -> tf.Tensor:
    """Gives back the Hz that `hz_to_unit` scaled."""
    lowest, highest = _midi_limits(lowest_hz, highest_hz)
    return midi_to_hz(unit_to_midi(unit, lowest=lowest, highest=highest))


def _midi_limits(lowest_hz: float, highest_hz: float) -> tuple[float, float]:
    if lowest_hz <= 0:
        raise ArgumentError(f"`lowest_hz` should be above 0. Received {lowest_hz}.")
    return float(hz_to_midi(lowest_hz)), float(hz_to_midi(highest_hz))


def _span(lowest: float, highest: float) -> float:
    if not highest > lowest:
        raise ArgumentError(
            f"The highest should be above the lowest. Received {lowest} and {highest}."
        )
    return highest - lowest
