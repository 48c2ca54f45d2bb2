"""Loopable noises, each of one narrow band, and their mixture over time."""

import numpy as np
import numpy.typing as npt
import tensorflow as tf

from ddsp_tf.dsp.chunks import in_chunks
from ddsp_tf.dsp.noise import uniform_noise
from ddsp_tf.dsp.shapes import checked
from ddsp_tf.errors import ArgumentError

_LOWEST_HZ = 20.0
_STOP_DB = 50.0
_NUMBERS_AT_ONCE = 2**27
_NUMBERS_IN_A_CHUNK = 2**25


def band_edges_hz(n_bands: int, *, sample_rate: int) -> npt.NDArray[np.float64]:
    """Gives the frequencies between bands: even steps in the low quarter, even ratios above.

    Half of the bands lie below an eighth of the sample rate. The first is a low-pass below 20 Hz,
    the last a high-pass above the last edge.

    Args:
        n_bands: Bands in all, even, at least 4.
        sample_rate: In Hz, above 160.

    Returns:
        `[n_bands - 1]`, in Hz, rising.

    Raises:
        ArgumentError: A number is out of its range.

    Example:
        >>> band_edges_hz(6, sample_rate=16000).round().tolist()
        [20.0, 1010.0, 2000.0, 3175.0, 5040.0]

    Reference:
        Barahona-Rios and Collins 2023, section III.
    """
    if n_bands < 4 or n_bands % 2:
        raise ArgumentError(f"`n_bands` should be even, and at least 4. Received {n_bands}.")
    if not sample_rate > 8 * _LOWEST_HZ:
        raise ArgumentError(f"`sample_rate` should be above 160 Hz. Received {sample_rate}.")
    middle = sample_rate / 8
    linear = np.linspace(_LOWEST_HZ, middle, n_bands // 2)
    geometric = np.geomspace(middle, sample_rate / 2, n_bands // 2, endpoint=False)
    return np.concatenate([linear, geometric[1:]])


def band_filter(low_hz: float, high_hz: float, *, sample_rate: int) -> npt.NDArray[np.float64]:
    """Designs the filter of one band: windowed sinc, Kaiser, -50 dB beyond its transitions.

    A transition is a fifth of the band wide and has an edge, where the gain is a half, in its
    middle.

    Args:
        low_hz: Lower edge; 0 for a low-pass.
        high_hz: Upper edge; half the sample rate for a high-pass.
        sample_rate: In Hz.

    Returns:
        An odd number of taps, symmetric, with gain 1 in the middle of the band (at 0 and at half
        the sample rate for low-pass and high-pass).

    Example:
        >>> taps = band_filter(1000.0, 2000.0, sample_rate=16000)
        >>> len(taps), round(float(abs(np.sum(taps))), 2)
        (237, 0.0)
    """
    n_taps = _n_taps(high_hz - low_hz, sample_rate)
    beta = 0.5842 * (_STOP_DB - 21.0) ** 0.4 + 0.07886 * (_STOP_DB - 21.0)
    n = np.arange(n_taps) - n_taps // 2
    low, high = 2.0 * low_hz / sample_rate, 2.0 * high_hz / sample_rate
    taps = (high * np.sinc(high * n) - low * np.sinc(low * n)) * np.kaiser(n_taps, beta)
    middle = 0.0 if low == 0.0 else 1.0 if high >= 1.0 else 0.5 * (low + high)
    return taps / np.sum(taps * np.cos(np.pi * middle * n))


def longest_filter(n_bands: int, *, sample_rate: int) -> int:
    """Gives the taps of the longest of the bands' filters, the shortest that a loop may be."""
    edges = band_edges_hz(n_bands, sample_rate=sample_rate)
    narrowest = np.diff(edges, prepend=0.0, append=sample_rate / 2).min()
    return _n_taps(float(narrowest), sample_rate)


def band_noises(
    n_bands: int, *, sample_rate: int, loop_length: int, seed: int = 0
) -> npt.NDArray[np.float32]:
    """Makes a noise for each band, that can be played round and round without a seam.

    Each has the magnitudes of its band's filter and phases drawn evenly from -pi to pi. Together,
    at equal amplitudes, they are white noise. It takes `4 * n_bands * loop_length` bytes.

    Args:
        n_bands: As for `band_edges_hz`.
        sample_rate: In Hz.
        loop_length: Samples until they repeat, even, at least `longest_filter`.
        seed: Of the phases: the same numbers on any machine.

    Returns:
        `[loop_length, n_bands]`; the greatest sample of all is 1 or -1.

    Raises:
        ArgumentError: A number is out of its range.

    Example:
        >>> band_noises(16, sample_rate=4000, loop_length=4096).shape
        (4096, 16)

    Reference:
        Barahona-Rios and Collins 2023, section III.
    """
    edges = band_edges_hz(n_bands, sample_rate=sample_rate)
    shortest = longest_filter(n_bands, sample_rate=sample_rate)
    if loop_length % 2 or loop_length < shortest:
        raise ArgumentError(
            f"`loop_length` should be even, and {shortest} at least, which the longest filter has. "
            f"Received {loop_length}."
        )
    noises = np.empty([loop_length, n_bands], np.float32)
    borders = np.concatenate([[0.0], edges, [sample_rate / 2]])
    n_bins = loop_length // 2 + 1
    for band in range(n_bands):
        taps = band_filter(borders[band], borders[band + 1], sample_rate=sample_rate)
        phases = uniform_noise(1, n_bins, seed=seed, start=band * n_bins).numpy()[0] * np.pi
        phases[[0, -1]] = 0.0
        spectrum = np.abs(np.fft.rfft(taps, loop_length)) * np.exp(1j * phases)
        noises[:, band] = np.fft.irfft(spectrum, loop_length)
    noises /= max(noises.max(), -noises.min())
    return noises


def mix_bands(
    amplitudes: tf.Tensor,
    noises: tf.Tensor,
    *,
    hop_length: int,
    start: int | tf.Tensor = 0,
) -> tf.Tensor:
    """Sums looped noises with amplitudes that are joined by straight lines.

    Amplitudes are never made for every sample: a frame is two products of a matrix, of the
    amplitudes and of their slopes with the noises. Long sounds are made piece by piece.

    Args:
        amplitudes: `[batch, n_frames + 1, n_bands]`: the last is where the last frame leads to.
        noises: `[loop_length, n_bands]`.
        hop_length: Samples per frame.
        start: Position in the loop of the first sample, >= 0.

    Returns:
        `[batch, n_frames * hop_length]`.

    Raises:
        ArgumentError: The bands are not as many.

    Example:
        >>> ramp = tf.constant([[[0.0], [1.0], [1.0]]])
        >>> mix_bands(ramp, tf.ones([8, 1]), hop_length=4).numpy().tolist()
        [[0.0, 0.25, 0.5, 0.75, 1.0, 1.0, 1.0, 1.0]]
    """
    amplitudes, noises = checked(
        amplitudes=(amplitudes, "batch n_amplitudes n_bands"),
        noises=(noises, "loop_length n_bands"),
    )
    n_bands, loop_length = noises.shape[1], tf.shape(noises, tf.int64)[0]
    known = amplitudes.shape[1]
    n_frames = tf.shape(amplitudes)[1] - 1 if known is None else known - 1
    frames = tf.cast(start, tf.int64) + hop_length * tf.range(tf.cast(n_frames, tf.int64))
    # As numbers that pass through a gradient; float64 holds every position.
    positions = tf.cast(frames, tf.float64)[tf.newaxis, :, tf.newaxis]
    inside = tf.range(hop_length, dtype=tf.int64)
    ramp = tf.cast(inside, amplitudes.dtype) / hop_length

    def mixed(amplitudes: tf.Tensor, positions: tf.Tensor) -> tf.Tensor:
        places = (tf.cast(positions[0], tf.int64) + inside) % loop_length
        looped = tf.gather(noises, places)
        now, later = amplitudes[:, :-1], amplitudes[:, 1:]
        rows = tf.transpose(tf.concat([now, later - now], axis=0), [1, 0, 2])
        held, rising = tf.split(tf.matmul(rows, looped, transpose_b=True), 2, axis=1)
        return tf.transpose(held + rising * ramp, [1, 0, 2])

    chunk = None
    if known is not None and n_frames * hop_length * n_bands > _NUMBERS_AT_ONCE:
        chunk = max(1, _NUMBERS_IN_A_CHUNK // (hop_length * n_bands))
    audio = in_chunks(mixed, [amplitudes, positions], extra_frames=[1, 0], chunk=chunk)
    n_samples = -1 if known is None else n_frames * hop_length
    return tf.reshape(audio, [tf.shape(amplitudes)[0], n_samples])


def _n_taps(bandwidth_hz: float, sample_rate: int) -> int:
    """Kaiser's formula, and the next odd number."""
    transition = 2.0 * np.pi * 0.2 * bandwidth_hz / sample_rate
    return int(np.ceil((_STOP_DB - 7.95) / (2.285 * transition) + 1.0)) | 1
