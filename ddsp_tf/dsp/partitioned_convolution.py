"""Convolution with a long impulse response, one short block at a time and without delay."""

import numpy as np
import tensorflow as tf

from ddsp_tf.errors import ArgumentError


def partition_spectra(impulse_response: np.ndarray, partition_length: int) -> np.ndarray:
    """Cuts an impulse response into equal partitions and gives the spectrum of each.

    Args:
        impulse_response: `[n_taps]`.
        partition_length: Samples in a partition.

    Returns:
        complex64 `[n_partitions, partition_length + 1]`, for `convolve_partitioned`.

    Raises:
        ArgumentError: The response is empty, or `partition_length` is not positive.
    """
    taps = np.asarray(impulse_response, np.float64)
    if taps.ndim != 1 or not taps.size:
        raise ArgumentError(f"`impulse_response` must be [n_taps]; got shape {taps.shape}.")
    if partition_length < 1:
        raise ArgumentError(f"`partition_length` must be at least 1; got {partition_length}.")
    padded = np.pad(taps, [0, -len(taps) % partition_length])
    partitions = padded.reshape(-1, partition_length)
    return np.fft.rfft(partitions, 2 * partition_length).astype(np.complex64)


def initial_partition_history(batch_size: int, spectra: np.ndarray) -> dict[str, tf.Tensor]:
    """Gives the state of `convolve_partitioned` before the first sample: silence.

    Args:
        batch_size: Rows.
        spectra: From `partition_spectra`.

    Returns:
        `spectra` complex64 `[batch, n_partitions - 1, partition_length + 1]` and `audio`
        `[batch, partition_length]`.
    """
    n_partitions, n_bins = spectra.shape
    return {
        "spectra": tf.zeros([batch_size, n_partitions - 1, n_bins], tf.complex64),
        "audio": tf.zeros([batch_size, n_bins - 1]),
    }


def convolve_partitioned(
    audio: tf.Tensor, spectra: np.ndarray, history: dict[str, tf.Tensor]
) -> tuple[tf.Tensor, dict[str, tf.Tensor]]:
    """Convolves one block of a longer sound with a response that was partitioned before.

    Every partition of the response is multiplied with the spectrum of the input that is as much
    older; so a block costs two short Fourier transforms and one product a partition, however long
    the response is. No delay, and the numbers are those of `fft_convolve` to 1e-5.

    Args:
        audio: `[batch, n_blocks * partition_length]`, of static length.
        spectra: From `partition_spectra`.
        history: As `initial_partition_history` or the call before gave.

    Returns:
        Audio of the same length, and the history for the next call.

    Raises:
        ArgumentError: The length isn't a static multiple of the partition's.

    Example:
        >>> spectra = partition_spectra(np.ones(100), 16)
        >>> sound, _ = convolve_partitioned(
        ...     tf.ones([1, 32]), spectra, initial_partition_history(1, spectra))
        >>> sound[0, :4].numpy().round(3).tolist()
        [1.0, 2.0, 3.0, 4.0]

    Reference:
        Stockham 1966, "High-speed convolution and correlation"; Gardner 1995, "Efficient
        convolution without input-output delay" (here with equal partitions).
    """
    n_partitions, n_bins = spectra.shape
    length = n_bins - 1
    if audio.shape[1] is None or audio.shape[1] % length:
        raise ArgumentError(
            f"`audio` should hold a static multiple of {length} samples. Received {audio.shape[1]}."
        )
    n_blocks = audio.shape[1] // length
    blocks = tf.reshape(tf.concat([history["audio"], audio], axis=1), [-1, n_blocks + 1, length])
    overlapped = tf.concat([blocks[:, :-1], blocks[:, 1:]], axis=-1)
    inputs = tf.concat([history["spectra"], tf.signal.rfft(overlapped)], axis=1)
    oldest_first = np.ascontiguousarray(spectra[::-1])
    size = [tf.shape(inputs)[0], n_partitions, n_bins]

    def answer(block: int | tf.Tensor) -> tf.Tensor:
        return tf.reduce_sum(tf.slice(inputs, [0, block, 0], size) * oldest_first, axis=1)

    # One sum a block: XLA fuses the product into it, and nothing of all blocks' size is made. A
    # loop over blocks is compiled once, whatever their number.
    if n_blocks == 1:
        sums = answer(0)[:, tf.newaxis]
    else:
        spec = tf.TensorSpec([None, n_bins], tf.complex64)
        sums = tf.map_fn(answer, tf.range(n_blocks), fn_output_signature=spec)
        sums = tf.transpose(sums, [1, 0, 2])
    outputs = tf.signal.irfft(sums, [2 * length])[..., length:]
    following = {"spectra": inputs[:, n_blocks:], "audio": blocks[:, -1]}
    return tf.reshape(outputs, tf.shape(audio)), following
