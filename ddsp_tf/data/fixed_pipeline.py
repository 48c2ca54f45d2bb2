"""Pipelines of batches whose parallelism is given, so that tf.data has nothing to tune."""

import tensorflow as tf


def without_tuning(dataset: tf.data.Dataset) -> tf.data.Dataset:
    """Leaves the number of threads and the sizes of buffers as they are.

    tf.data's tuner looks at a pipeline after 10 ms, 20 ms and so on, up to once a minute, and an
    iterator that is given up may wait until its tuner looks again: as long again as it was used,
    or a minute. Where all is given there is nothing to tune.

    Args:
        dataset: Any, without `tf.data.AUTOTUNE`.

    Returns:
        The same batches.

    Example:
        >>> dataset = without_tuning(tf.data.Dataset.range(3).prefetch(2))
        >>> dataset.options().autotune.enabled
        False
    """
    options = tf.data.Options()
    options.autotune.enabled = False
    return dataset.with_options(options)
