"""Glottal pulses from tables: of any shape and pitch, without a partial beyond Nyquist."""

import math
from typing import NamedTuple

import numpy as np
import tensorflow as tf

from ddsp_tf.dsp.envelopes import crossfade
from ddsp_tf.dsp.glottal import R_D_RANGE, lf_harmonics
from ddsp_tf.dsp.phases import frame_turns, sample_turns
from ddsp_tf.dsp.shapes import checked, require_positive_integer
from ddsp_tf.errors import ArgumentError

_STEP = 2.0 ** (1.0 / 6.0)
"""Between the highest partials of two neighbouring tables."""
_N_IN_POWER = 1024
"""Partials that count for a pulse's power."""


class GlottalTable(NamedTuple):
    """Periods of pulses, each of mean square 1 before its highest partials are left out.

    Attributes:
        values: `[n_bands, n_shapes, n_points]`; bands from the most partials to none, shapes spaced
            evenly in the logarithm of R_d, from phase 0 on.
        most_harmonics: Partials of the first band. Each next has fewer by a sixth of an octave.
    """

    values: np.ndarray
    most_harmonics: int


def glottal_table(
    *, sample_rate: int, lowest_hz: float = 40.0, n_shapes: int = 32, n_points: int = 1024
) -> GlottalTable:
    """Makes the tables from which `stream_glottal` reads.

    Args:
        sample_rate: In Hz.
        lowest_hz: From this pitch on upwards the band is full, > 0.
        n_shapes: Pulses from R_d 0.3 to 2.7, >= 2.
        n_points: Of a period, even.

    Returns:
        The tables, float32.

    Raises:
        ArgumentError: A number out of its range, or a period of fewer points than two for each of
            its partials.

    Example:
        >>> glottal_table(sample_rate=4000, n_shapes=4, n_points=128).values.shape
        (35, 4, 128)

    Reference:
        Yu and Fazekas 2023, "Singing Voice Synthesis Using Differentiable LPC and
        Glottal-Flow-Inspired Wavetables", section 3.1; here without aliasing.
    """
    require_positive_integer("sample_rate", sample_rate)
    if not lowest_hz > 0 or n_shapes < 2:
        raise ArgumentError(
            "`lowest_hz` should be above 0 and `n_shapes` at least 2. "
            f"Received {lowest_hz} and {n_shapes}."
        )
    most = max(1, int(0.5 * sample_rate / lowest_hz))
    if n_points % 2 or n_points < 2 * most + 2:
        raise ArgumentError(
            f"`n_points` should be even and at least {2 * most + 2}, for {most} partials. "
            f"Received {n_points}."
        )
    low, high = np.log(R_D_RANGE)
    r_d = np.exp(np.linspace(low, high, n_shapes))
    coefficients = lf_harmonics(tf.constant(r_d), n_harmonics=max(_N_IN_POWER, most)).numpy()
    coefficients /= np.sqrt(2.0 * np.sum(np.abs(coefficients) ** 2, axis=-1, keepdims=True))
    kept = [most]
    while kept[-1]:
        kept.append(int(most / _STEP ** len(kept)))
    spectra = np.zeros([len(kept), n_shapes, n_points // 2 + 1], np.complex128)
    for band, count in enumerate(kept):
        spectra[band, :, 1 : count + 1] = n_points * coefficients[:, :count]
    return GlottalTable(np.fft.irfft(spectra).astype(np.float32), most)


def stream_glottal(
    f0_hz: tf.Tensor,
    r_d: tf.Tensor,
    table: GlottalTable,
    *,
    initial_turns: tf.Tensor | None,
    hop_length: int,
    sample_rate: int,
) -> tuple[tf.Tensor, tf.Tensor]:
    """Plays one block of a train of pulses, of mean square about 1.

    Pitch and shape glide from frame to frame; no partial reaches Nyquist, and none within a third
    of an octave below it is missing. Gradients reach pitch and shape. The phase is as exact as that
    of `harmonic`.

    Args:
        f0_hz: Fundamental in Hz, `[batch, n_frames + 1, 1]`, >= 0; one frame more than is played.
        r_d: Shape, `[batch, n_frames + 1, 1]`, held within 0.3 to 2.7.
        table: Of `glottal_table`, at the same sample rate.
        initial_turns: Phase at the block's start in turns, float64 `[batch, 1]`; None: 0, at which
            the glottis closes.
        hop_length: Samples per frame.
        sample_rate: In Hz.

    Returns:
        Audio, `[batch, n_frames * hop_length]`, and the phase in turns to pass on.

    Raises:
        ArgumentError: Shapes that don't fit, or there is no frame to glide towards.

    Example:
        >>> table = glottal_table(sample_rate=16000, n_shapes=4)
        >>> one = tf.ones([1, 11, 1])
        >>> audio, _ = stream_glottal(
        ...     220 * one, one, table, initial_turns=None, hop_length=64, sample_rate=16000)
        >>> audio.shape
        TensorShape([1, 640])
    """
    axes = "batch n_frames 1"
    f0_hz, r_d = checked(f0_hz=(f0_hz, axes), r_d=(r_d, axes), repeated=("batch", "n_frames"))
    rates = {"hop_length": hop_length, "sample_rate": sample_rate}
    starts, final_turns = frame_turns(f0_hz, initial_turns, **rates)
    turns = sample_turns(f0_hz, starts, **rates)[..., 0]
    n_bands, n_shapes, n_points = table.values.shape
    weight = tf.constant(crossfade(hop_length, "linear", dtype=f0_hz.dtype.as_numpy_dtype))

    def gliding(frames: tf.Tensor) -> tf.Tensor:
        here, following = frames[:, :-1], frames[:, 1:]
        return here + (following - here) * weight

    low, high = R_D_RANGE
    share = tf.math.log(tf.clip_by_value(r_d, low, high) / low) / math.log(high / low)
    # A table has as many partials as fit below Nyquist, or fewer; two are mixed, so that none
    # appears at once.
    too_high = tf.maximum(gliding(f0_hz), 1e-3) * (2.0 * table.most_harmonics / sample_rate)
    band = tf.math.log(too_high) / math.log(_STEP) + 1.0
    values = tf.reshape(tf.cast(tf.constant(table.values), f0_hz.dtype), [-1])
    band, band_after = _neighbours(tf.stop_gradient(band), n_bands)
    shape, shape_after = _neighbours(gliding(share) * (n_shapes - 1), n_shapes)
    point = (turns - tf.floor(turns)) * n_points
    before = tf.floor(point)
    point_after = point - before
    here = tf.cast(before, tf.int32) % n_points
    following = (here + 1) % n_points
    total = tf.zeros_like(point)
    for row, of_row in ((band, 1.0 - band_after), (band + 1, band_after)):
        for column, of_column in ((shape, 1.0 - shape_after), (shape + 1, shape_after)):
            start = (row * n_shapes + column) * n_points
            first, second = (tf.gather(values, start + x) for x in (here, following))
            total += of_row * of_column * (first + point_after * (second - first))
    batch = tf.shape(total)[0]
    return tf.reshape(total, [batch, tf.shape(total)[1] * hop_length]), final_turns


def _neighbours(place: tf.Tensor, count: int) -> tuple[tf.Tensor, tf.Tensor]:
    """The row before a place among `count`, and how far after it the place is, 0 to 1."""
    place = tf.clip_by_value(place, 0.0, count - 1.0)
    before = tf.minimum(tf.cast(tf.floor(place), tf.int32), count - 2)
    return before, place - tf.cast(before, place.dtype)
