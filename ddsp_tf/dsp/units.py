"""Conversions between units. All are elementwise, differentiable, and accept any shape.

What is given in float64 is converted in float64; everything else becomes float32.
"""

import math

import tensorflow as tf

from ddsp_tf.dsp.shapes import floats

DB_RANGE = 80.0
"""Span of every level in dB: levels are floored at -80 dB (ddsp 2.0 and later)."""

_DB_PER_NEPER = 20.0 / math.log(10.0)


def hz_to_midi(f_hz: tf.Tensor) -> tf.Tensor:
    """Converts a frequency to a MIDI note number, 69 being 440 Hz.

    Args:
        f_hz: Frequency in Hz, any shape, >= 0.

    Returns:
        MIDI note number, same shape. Frequencies at or below 8.176 Hz (MIDI 0) give 0, as
        does silence marked by 0 Hz.

    Example:
        >>> float(hz_to_midi(880.0))
        81.0
    """
    (f_hz,) = floats(f_hz=f_hz)
    lowest = 440.0 * 2.0 ** (-69.0 / 12.0)
    return 69.0 + 12.0 / math.log(2.0) * tf.math.log(tf.maximum(f_hz, lowest) / 440.0)


def midi_to_hz(midi: tf.Tensor) -> tf.Tensor:
    """Converts a MIDI note number (any shape, fractions allowed) to Hz.

    Example:
        >>> float(midi_to_hz(57.0))
        220.0
    """
    (midi,) = floats(midi=midi)
    return 440.0 * tf.exp(math.log(2.0) / 12.0 * (midi - 69.0))


def amplitude_to_db(amplitude: tf.Tensor) -> tf.Tensor:
    """Converts a linear amplitude (>= 0, 1 = 0 dB) to dB, floored at -80 dB."""
    floor = 10.0 ** (-DB_RANGE / 20.0)
    (amplitude,) = floats(amplitude=amplitude)
    return _DB_PER_NEPER * tf.math.log(tf.maximum(amplitude, floor))


def db_to_amplitude(db: tf.Tensor) -> tf.Tensor:
    """Converts dB to a linear amplitude, 0 dB = 1; inverts `amplitude_to_db` above -80 dB."""
    (db,) = floats(db=db)
    return tf.exp(db / _DB_PER_NEPER)


def power_to_db(power: tf.Tensor) -> tf.Tensor:
    """Converts a linear power (>= 0, 1 = 0 dB) to dB, floored at -80 dB."""
    floor = 10.0 ** (-DB_RANGE / 10.0)
    (power,) = floats(power=power)
    return 0.5 * _DB_PER_NEPER * tf.math.log(tf.maximum(power, floor))


def db_to_power(db: tf.Tensor) -> tf.Tensor:
    """Converts dB to a linear power, 0 dB = 1. The inverse of `power_to_db` above -80 dB."""
    (db,) = floats(db=db)
    return tf.exp(db / (0.5 * _DB_PER_NEPER))


def hz_to_mel(f_hz: tf.Tensor) -> tf.Tensor:
    """Converts Hz to mel by 2595 log10(1 + f / 700) (O'Shaughnessy 1987)."""
    (f_hz,) = floats(f_hz=f_hz)
    return 2595.0 / math.log(10.0) * tf.math.log1p(f_hz / 700.0)


def mel_to_hz(mel: tf.Tensor) -> tf.Tensor:
    """Converts mel to Hz, the inverse of `hz_to_mel`."""
    (mel,) = floats(mel=mel)
    return 700.0 * tf.math.expm1(mel * math.log(10.0) / 2595.0)


def hz_to_bark(f_hz: tf.Tensor) -> tf.Tensor:
    """Converts Hz to bark by 26.81 / (1 + 1960 / f) - 0.53 (Traunmueller 1990)."""
    (f_hz,) = floats(f_hz=f_hz)
    return 26.81 * f_hz / (f_hz + 1960.0) - 0.53


def bark_to_hz(bark: tf.Tensor) -> tf.Tensor:
    """Converts bark (below 26.28) to Hz, the inverse of `hz_to_bark`."""
    (bark,) = floats(bark=bark)
    bark += 0.53
    return 1960.0 * bark / (26.81 - bark)


def hz_to_erb(f_hz: tf.Tensor) -> tf.Tensor:
    """Gives the equivalent rectangular bandwidth in Hz at a centre frequency in Hz.

    Reference:
        Glasberg and Moore 1990: 24.7 + 0.108 f.
    """
    (f_hz,) = floats(f_hz=f_hz)
    return 0.108 * f_hz + 24.7
