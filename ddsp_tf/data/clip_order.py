"""Which clips come in which order: a pure function of the seed and the position."""

import numpy as np
import tensorflow as tf


def clip_starts(
    segment_lengths: np.ndarray, *, clip_frames: int, seed: int, start: int, repeat: bool
) -> tf.data.Dataset:
    """Draws clips so that every pass hears each part of a split once.

    The split's frames are laid end to end and cut into strata of one clip's length; a pass
    visits the strata in random order and draws one place within each. Segments are thereby
    chosen by length, and no generator's state has to be saved to go on from any position.

    Args:
        segment_lengths: Frames of each segment, `[n_segments]`.
        clip_frames: Frames a clip.
        seed: Chooses everything.
        start: How many clips to leave out at the beginning; costs next to nothing.
        repeat: Whether passes follow each other for ever.

    Returns:
        A dataset of int64 `[2]`: segment, and the first frame within it.
    """
    n_strata = max(1, -(-int(np.sum(segment_lengths)) // clip_frames))
    first_pass, skipped = divmod(start, n_strata)
    passes = tf.data.Dataset.range(first_pass, np.iinfo(np.int64).max if repeat else 1)
    strata = passes.flat_map(lambda index: _one_pass(index, n_strata, seed)).skip(skipped)
    ends = np.cumsum(segment_lengths).astype(np.int64)
    lengths = np.asarray(segment_lengths, np.int64)

    def place(index: tf.Tensor, stratum: tf.Tensor) -> tf.Tensor:
        key = tf.stack([tf.constant(seed, tf.int64), index * n_strata + stratum])
        within = tf.random.stateless_uniform([], key, dtype=tf.float64)
        total = float(ends[-1])
        position = (tf.cast(stratum, tf.float64) + within) / n_strata * total
        segment = tf.searchsorted(ends, [tf.cast(position, tf.int64)], side="right")[0]
        segment = tf.minimum(segment, len(lengths) - 1)
        length = tf.gather(lengths, segment)
        share = (position - tf.cast(tf.gather(ends, segment) - length, tf.float64)) / tf.cast(
            length, tf.float64
        )
        n_places = tf.maximum(length - clip_frames + 1, 1)
        offset = tf.cast(share * tf.cast(n_places, tf.float64), tf.int64)
        return tf.stack([tf.cast(segment, tf.int64), tf.clip_by_value(offset, 0, n_places - 1)])

    return strata.map(place)


def _one_pass(index: tf.Tensor, n_strata: int, seed: int) -> tf.data.Dataset:
    key = tf.stack([tf.constant(seed, tf.int64) + 1, index])
    order = tf.random.experimental.stateless_shuffle(tf.range(n_strata, dtype=tf.int64), key)
    return tf.data.Dataset.from_tensor_slices((tf.fill([n_strata], index), order))
