"""FIR filters: fixed impulse responses, and filters that change from frame to frame."""

import numpy as np
import tensorflow as tf

from ddsp_tf.dsp.chunks import chunk_frames, in_chunks
from ddsp_tf.dsp.envelopes import crossfade
from ddsp_tf.dsp.framing import hold_last_frame, n_frames, overlap_add, require_hop
from ddsp_tf.dsp.shapes import checked, require_positive_integer, size
from ddsp_tf.dsp.spectral import padded_rfft
from ddsp_tf.errors import ArgumentError


def fft_convolve(audio: tf.Tensor, impulse_response: tf.Tensor) -> tf.Tensor:
    """Convolves audio with one impulse response, tail included, by FFT.

    Relative error below 1e-5. The response is transformed once for the whole batch.

    Args:
        audio: `[batch, n_samples]`.
        impulse_response: `[n_taps]` for all, or `[batch, n_taps]`. Either batch may be of one.

    Returns:
        `[batch, n_samples + n_taps - 1]`; sample 0 answers to sample 0, with no delay.

    Raises:
        ArgumentError: Other axes, batches that differ, or a response without taps.

    Example:
        >>> fft_convolve(tf.ones([1, 3]), tf.ones([2])).numpy().round(3).tolist()
        [[1.0, 2.0, 2.0, 1.0]]
    """
    axes = "n_taps" if len(np.shape(impulse_response)) == 1 else "batch n_taps"
    audio, impulse_response = checked(
        audio=(audio, "batch n_samples"),
        impulse_response=(impulse_response, axes),
        broadcast=("batch",),
    )
    length = size(audio, 1) + size(impulse_response, -1) - 1
    fft_length = fast_fft_length(length)
    spectrum = padded_rfft(audio, fft_length) * padded_rfft(impulse_response, fft_length)
    return tf.signal.irfft(spectrum, [fft_length])[:, :length]


def fast_fft_length(minimum: int | tf.Tensor) -> int | tf.Tensor:
    """Gives a length >= `minimum` that is even and fast: 2^k times 1, 3, 5, 9 or 15.

    Works on Python integers and on integer tensors. At most 25% longer than asked for, from 4 on.

    Example:
        >>> fast_fft_length(79999)
        81920
    """
    if isinstance(minimum, int):
        require_positive_integer("minimum", minimum)
        return min(m * 2 ** max(1, (-(-minimum // m) - 1).bit_length()) for m in (1, 3, 5, 9, 15))
    factors = tf.constant([1, 3, 5, 9, 15], tf.float64)
    needed = tf.maximum(tf.cast(minimum, tf.float64) / factors, 2.0)
    # The margin keeps an exact power of two from being rounded up to the next.
    exponents = tf.math.ceil(tf.math.log(needed) / np.log(2.0) - 1e-12)
    return tf.cast(
        tf.reduce_min(factors * tf.pow(tf.constant(2.0, tf.float64), exponents)), tf.int32
    )


def impulse_response_from_magnitudes(
    magnitudes: tf.Tensor, *, window_length: int | None = None
) -> tf.Tensor:
    """Makes symmetric impulse responses from the magnitudes of their frequency response.

    A Hann window shortens them to `window_length`, which smooths the magnitudes over frequency.

    Args:
        magnitudes: Linear gains at evenly spaced frequencies from 0 to Nyquist,
            `[..., n_bands]`, n_bands >= 2.
        window_length: Taps between the zeros of the window, even, at most 2 * (n_bands - 1), which
            None stands for.

    Returns:
        `[..., window_length]`. The centre of symmetry is at tap `window_length // 2`; the tap that
        would mirror tap 0 lies beyond the end and, like tap 0, is zero.

    Raises:
        ArgumentError: A window that is odd, or not within 2 and 2 * (n_bands - 1); one band.

    Reference:
        Engel et al. 2020, section 3.4; Smith, Spectral Audio Signal Processing, "Window method".
    """
    (magnitudes,) = checked(magnitudes=(magnitudes, "... n_bands"))
    n_bands = magnitudes.shape[-1]
    if n_bands is None or n_bands < 2:
        raise ArgumentError(
            "`magnitudes` should be of the shape [..., n_bands] with 2 bands at least. "
            f"Received {magnitudes.shape}."
        )
    longest = 2 * (n_bands - 1)
    if window_length is None:
        window_length = longest
    if not 2 <= window_length <= longest or window_length % 2:
        raise ArgumentError(
            f"`window_length` should be even, from 2 to {longest} for {n_bands} bands. "
            f"Received {window_length}."
        )
    zero_phase = tf.signal.irfft(tf.complex(magnitudes, tf.zeros_like(magnitudes)), [longest])
    half = window_length // 2
    centred = tf.concat([zero_phase[..., longest - half :], zero_phase[..., :half]], axis=-1)
    taps = np.arange(-half, half)
    window = 0.5 + 0.5 * np.cos(np.pi * taps / half)
    return centred * window.astype(magnitudes.dtype.as_numpy_dtype)


def sinc_impulse_response(
    cutoff_hz: tf.Tensor, *, n_taps: int, sample_rate: int, high_pass: bool = False
) -> tf.Tensor:
    """Makes symmetric low-pass or high-pass filters of a sinc under a Hamming window.

    Args:
        cutoff_hz: Where the gain is one half, in Hz, `[..., 1]`; kept between 0 and Nyquist.
        n_taps: Even, >= 4. The band between passing and not is 3.3 * sample_rate / n_taps wide.
        sample_rate: In Hz.
        high_pass: Whether what lies above passes instead.

    Returns:
        `[..., n_taps]`, of gain 1 where it passes, and symmetric about tap `n_taps // 2`, as
        `time_varying_fir` takes it. Tap 0 is zero.

    Raises:
        ArgumentError: A number of taps that is odd or below 4.

    Example:
        >>> taps = sinc_impulse_response(tf.constant([1000.0]), n_taps=64, sample_rate=16000)
        >>> round(float(tf.reduce_sum(taps)), 6)
        1.0

    Reference:
        Smith, Spectral Audio Signal Processing, "Window method for FIR filter design".
    """
    require_positive_integer("sample_rate", sample_rate)
    (cutoff_hz,) = checked(cutoff_hz=(cutoff_hz, "... 1"))
    if n_taps < 4 or n_taps % 2:
        raise ArgumentError(f"`n_taps` should be even and 4 or more. Received {n_taps}.")
    half = n_taps // 2
    place = np.arange(-half, half)
    window = 0.54 + 0.46 * np.cos(np.pi * place / half)
    window[0] = 0.0
    dtype = cutoff_hz.dtype.as_numpy_dtype
    turns = tf.clip_by_value(cutoff_hz / sample_rate, 0.0, 0.5) * place.astype(dtype)
    middle = (place == 0).astype(dtype)
    # The sinc's middle, 0 / 0, is filled in without a NaN in the gradient.
    angle = np.where(place == 0, 1.0, np.pi * place).astype(dtype)
    width = 2.0 * tf.clip_by_value(cutoff_hz / sample_rate, 0.0, 0.5)
    sinc = tf.sin(2.0 * np.pi * turns) / angle * (1.0 - middle) + width * middle
    taps = sinc * window.astype(dtype)
    low_pass = tf.math.divide_no_nan(taps, tf.reduce_sum(taps, axis=-1, keepdims=True))
    return middle - low_pass if high_pass else low_pass


def time_varying_fir(
    audio: tf.Tensor, impulse_responses: tf.Tensor, *, hop_length: int
) -> tf.Tensor:
    """Filters audio with one symmetric FIR a frame, cross-faded and without delay.

    The audio is cut by Hann windows of two hops that sum to one, each piece is convolved with its
    frame's filter, and the results are added. So equal filters are exactly one filter, and changing
    ones never click.

    Args:
        audio: `[batch, n_frames * hop_length]`.
        impulse_responses: `[batch, n_frames, n_taps]`, centred at tap `n_taps // 2`, as
            `impulse_response_from_magnitudes` makes them.
        hop_length: Samples per frame.

    Returns:
        `[batch, n_frames * hop_length]`.

    Raises:
        ArgumentError: The audio isn't as long as the frames, the batches differ (and neither is of
            one), or there are no frames.
    """
    require_hop(hop_length)
    audio, impulse_responses = checked(
        audio=(audio, "batch n_samples"),
        impulse_responses=(impulse_responses, "batch n_frames n_taps"),
        broadcast=("batch",),
    )
    count = size(impulse_responses, 1)
    if isinstance(count, int) and audio.shape[1] not in (None, count * hop_length):
        raise ArgumentError(
            f"`audio` should hold n_frames * hop_length = {count * hop_length} samples. "
            f"Received {audio.shape[1]}."
        )
    past, future = fir_context_frames(impulse_responses.shape[-1], hop_length)
    held = hold_last_frame(impulse_responses, future)
    held = tf.pad(held, [[0, 0], [past, 0], [0, 0]])
    audio = tf.pad(audio, [[0, 0], [(past + 1) * hop_length, (future + 1) * hop_length]])
    return time_varying_fir_block(audio, held, hop_length=hop_length)


def fir_context_frames(n_taps: int, hop_length: int) -> tuple[int, int]:
    """Counts the frames before and after a block that can reach into it.

    Args:
        n_taps: Taps of each frame's filter.
        hop_length: Samples per frame.

    Returns:
        Past frames and future frames that `time_varying_fir_block` needs around a block.
    """
    reach = n_frames(n_taps // 2, hop_length)
    return reach, 1 + reach


def time_varying_fir_block(
    audio: tf.Tensor, impulse_responses: tf.Tensor, *, hop_length: int
) -> tf.Tensor:
    """Does the work of `time_varying_fir` for one block of a longer sound.

    Args:
        audio: One hop more on each side than the frames cover,
            `[batch, (past + n_frames + future + 1) * hop_length]`, starting one hop before the
            first frame. Longer audio is cut at the end.
        impulse_responses: `[batch, past + n_frames + future, n_taps]`, with `past` and `future`
            from `fir_context_frames`.
        hop_length: Samples per frame.

    Returns:
        `[batch, n_frames * hop_length]`, for the block without its context.

    Raises:
        ArgumentError: Batches that differ (and neither is of one), or too few frames.
    """
    require_hop(hop_length)
    audio, impulse_responses = checked(
        audio=(audio, "batch n_samples"),
        impulse_responses=(impulse_responses, "batch n_frames n_taps"),
        broadcast=("batch",),
    )
    n_taps = impulse_responses.shape[-1]
    past, future = fir_context_frames(n_taps, hop_length)
    count = size(impulse_responses, 1)
    if isinstance(count, int) and count < past + future:
        raise ArgumentError(
            f"`impulse_responses` should hold {past} frames before the block and {future} after it,"
            f" for {n_taps} taps and a hop of {hop_length}. Received {count} frames."
        )
    length = n_frames(2 * hop_length + n_taps - 1, hop_length) * hop_length
    fft_length = fast_fft_length(length)
    rise = crossfade(hop_length, "window", dtype=audio.dtype.as_numpy_dtype)
    window = np.concatenate([rise, 1.0 - rise])
    # Segment 0 starts one hop before frame 0, and its response n_taps // 2 samples later.
    start = (past + 1) * hop_length + n_taps // 2

    def play(blocks: tf.Tensor, impulse_responses: tf.Tensor) -> tf.Tensor:
        segments = tf.concat([blocks[:, :-1], blocks[:, 1:]], axis=-1) * window
        spectra = padded_rfft(segments, fft_length) * padded_rfft(impulse_responses, fft_length)
        filtered = tf.signal.irfft(spectra, [fft_length])[..., :length]
        summed = overlap_add(filtered, hop_length)
        n_played = size(impulse_responses, 1) - past - future
        return summed[:, start : start + n_played * hop_length]

    blocks = tf.reshape(audio, [size(audio, 0), -1, hop_length])[:, : count + 1]
    chunk = chunk_frames(
        audio, count - past - future, hop_length=hop_length, numbers_per_frame=fft_length
    )
    if chunk is None:
        return play(blocks, impulse_responses)
    hops = in_chunks(
        lambda *slices: _hops(play(*slices), hop_length),
        [blocks, impulse_responses],
        extra_frames=[past + future + 1, past + future],
        chunk=chunk,
    )
    return tf.reshape(hops, [size(hops, 0), -1])


def _hops(audio: tf.Tensor, hop_length: int) -> tf.Tensor:
    n_hops = audio.shape[1] // hop_length
    return tf.reshape(audio, [size(audio, 0), n_hops, hop_length])
