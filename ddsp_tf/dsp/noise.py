"""White noise that is a pure function of a seed and a sample's position.

So a sound made in blocks is the sound made at once, on any device, and a host in another language
can make the same noise from the few integer operations in `_scramble`.
"""

import tensorflow as tf


def uniform_noise(
    batch_size: int | tf.Tensor,
    n_samples: int | tf.Tensor,
    *,
    seed: int | tf.Tensor,
    start: int | tf.Tensor = 0,
) -> tf.Tensor:
    """Makes white noise, uniform in [-1, 1), of mean 0 and variance 1/3.

    Args:
        batch_size: Rows; each has its own noise.
        n_samples: Samples wanted.
        seed: Any integer. Equal seeds give equal noise, in eager mode, in graphs and under XLA.
        start: Position of the first sample; may be negative. The noise repeats after 2**32 samples.

    Returns:
        float32 `[batch_size, n_samples]`.

    Example:
        >>> whole = uniform_noise(1, 100, seed=3)
        >>> part = uniform_noise(1, 60, seed=3, start=40)
        >>> bool(tf.reduce_all(whole[:, 40:] == part))
        True
    """
    rows = tf.cast(tf.range(batch_size), tf.uint32)
    seed = tf.cast(tf.cast(seed, tf.int64) & 0xFFFFFFFF, tf.uint32)
    keys = _scramble(seed + rows * tf.constant(0x9E3779B9, tf.uint32))
    start = tf.cast(tf.cast(start, tf.int64) & 0xFFFFFFFF, tf.uint32)
    positions = start + tf.cast(tf.range(n_samples), tf.uint32)
    bits = _scramble(positions[tf.newaxis] ^ keys[:, tf.newaxis])
    return (
        tf.cast(tf.bitwise.right_shift(bits, tf.constant(8, tf.uint32)), tf.float32) * 2**-23 - 1.0
    )


def gaussian_noise(
    batch_size: int | tf.Tensor,
    n_samples: int | tf.Tensor,
    *,
    seed: int | tf.Tensor,
    start: int | tf.Tensor = 0,
) -> tf.Tensor:
    """Makes white Gaussian noise of mean 0 and variance 1, as `uniform_noise` makes its own.

    Its values are those of `uniform_noise`, bent; none is beyond 5.3.

    Args:
        batch_size: Rows; each has its own noise.
        n_samples: Samples wanted.
        seed: Any integer.
        start: Position of the first sample.

    Returns:
        float32 `[batch_size, n_samples]`.

    Example:
        >>> round(float(tf.math.reduce_std(gaussian_noise(1, 100000, seed=0))), 2)
        1.0
    """
    even = uniform_noise(batch_size, n_samples, seed=seed, start=start)
    # The middle of each step of 2^-23, so that neither end is -1 or 1.
    return 2.0**0.5 * tf.math.erfinv((even + 2.0**-24) * (1.0 - 2.0**-23))


def _scramble(x: tf.Tensor) -> tf.Tensor:
    """Mixes 32 bits so that each input bit flips each output bit with a chance of one half.

    Reference:
        The multiply-xorshift constants of Chris Wellons, "Prospecting for hash functions" (2018).
    """
    x ^= tf.bitwise.right_shift(x, tf.constant(16, tf.uint32))
    x *= tf.constant(0x7FEB352D, tf.uint32)
    x ^= tf.bitwise.right_shift(x, tf.constant(15, tf.uint32))
    x *= tf.constant(0x846CA68B, tf.uint32)
    return x ^ tf.bitwise.right_shift(x, tf.constant(16, tf.uint32))
