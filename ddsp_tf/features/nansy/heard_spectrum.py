"""The spectrum that the pitch encoder hears: levels at 24 bins an octave."""

import math

import tensorflow as tf

from ddsp_tf import dsp
from ddsp_tf.features.nansy.pitch_encoder import BINS_PER_OCTAVE, FIRST_BIN, N_BINS, N_HEARD

SAMPLE_RATE = 16000
RANGE_DB = 60.0
SILENT = 10.0 ** (-70.0 / 20.0)
LEAST = 1e-7
"""Added to magnitudes before their logarithm."""


def hear(audio: tf.Tensor, *, hop_length: int) -> tuple[tf.Tensor, tf.Tensor]:
    """Gives what the networks read.

    Args:
        audio: At 16 kHz, `[batch, n_samples]`.
        hop_length: Samples per frame.

    Returns:
        Levels from 0 to 1 at 190 frequencies, 60 dB below the loudest of the frame to the loudest,
        `[batch, n_frames, 190]`; the loudest magnitude, `[batch, n_frames, 1]`. Both are 0 in a
        frame that nothing above -70 dB is in.
    """
    magnitude = dsp.constant_q_magnitude(
        audio,
        sample_rate=SAMPLE_RATE,
        hop_length=hop_length,
        n_bins=N_BINS,
        bins_per_octave=BINS_PER_OCTAVE,
    )
    peak = tf.reduce_max(magnitude, axis=-1, keepdims=True)
    sounds = peak > SILENT
    heard = tf.nn.relu(level(magnitude, tf.maximum(peak, SILENT)))
    return tf.where(sounds, heard, 0.0), tf.where(sounds, peak, 0.0)


def level(magnitude: tf.Tensor, peak: tf.Tensor) -> tf.Tensor:
    """Gives levels: 1 at the peak, 0 at 60 dB below it, and negative further down."""
    decibels = 20.0 / math.log(10.0) * tf.math.log((magnitude + LEAST) / peak)
    return 1.0 + decibels / RANGE_DB


def read_bins(heard: tf.Tensor, shift: tf.Tensor | None = None) -> tf.Tensor:
    """Picks the 160 bins that the encoder reads.

    Args:
        heard: Levels, `[batch, n_frames, 190]`.
        shift: For each sound, bins from -12 to 12 that its spectrum moves up by, int32 `[batch]`;
            the pitch that is heard then is higher by `shift / 24` octaves. None: none.

    Returns:
        `[batch, n_frames, 160]`.

    Example:
        >>> bin_100 = tf.one_hot([[100]], 190)
        >>> int(tf.argmax(read_bins(bin_100)[0, 0]))
        85
        >>> int(tf.argmax(read_bins(bin_100, tf.constant([12]))[0, 0]))
        97
    """
    if shift is None:
        return heard[..., FIRST_BIN : FIRST_BIN + N_HEARD]
    # To move the spectrum up is to begin to read further down.
    bins = FIRST_BIN - shift[:, tf.newaxis] + tf.range(N_HEARD)
    turned = tf.gather(tf.transpose(heard, [0, 2, 1]), bins, axis=1, batch_dims=1)
    return tf.ensure_shape(tf.transpose(turned, [0, 2, 1]), [*heard.shape[:2], N_HEARD])
