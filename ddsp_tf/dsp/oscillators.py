"""Banks of sinusoids: harmonic (multiples of one f0) and free.

Phase is kept in turns. At every frame it is summed exactly, in float64, and wrapped; inside a frame
it is a second-order polynomial in float32. So its error does not grow with time and does not depend
on how a compiler orders the sum. See `_frame_turns`.
"""

import math
from collections.abc import Callable

import tensorflow as tf

from ddsp_tf.dsp.envelopes import Interpolation, crossfade
from ddsp_tf.dsp.framing import hold_last_frame

_TWO_PI = 2.0 * math.pi


def harmonic(
    f0_hz: tf.Tensor,
    amplitudes: tf.Tensor,
    harmonic_distribution: tf.Tensor,
    *,
    hop_length: int,
    sample_rate: int,
    amplitude_method: Interpolation = "window",
    harmonic_shifts: tf.Tensor | None = None,
) -> tf.Tensor:
    """Sums sinusoids at integer multiples of a fundamental.

    Partials at or above Nyquist are silent at every sample. The phase error stays below 1e-3 rad
    after ten minutes. Sample n carries the phase of n + 1 increments, so the first isn't zero.

    Args:
        f0_hz: Fundamental in Hz, `[batch, n_frames, 1]`, >= 0. Linear in Hz between frames.
        amplitudes: Linear amplitude of the sum, `[batch, n_frames, 1]`, >= 0.
        harmonic_distribution: Share of each partial, `[batch, n_frames, n_harmonics]`, >= 0. It is
            used as it is; `normalize_harmonics` makes it sum to one.
        hop_length: Samples per frame.
        sample_rate: In Hz.
        amplitude_method: How amplitudes go from frame to frame, see `envelopes.crossfade`.
        harmonic_shifts: Relative detuning, `[batch, n_frames, n_harmonics]`: partial k sounds at
            `k * f0 * (1 + shift)`. None means exactly harmonic, which is faster.

    Returns:
        Audio, `[batch, n_frames * hop_length]`.

    Example:
        >>> one = tf.ones([1, 250, 1])
        >>> harmonic(440 * one, one, one, hop_length=64, sample_rate=16000).shape
        TensorShape([1, 16000])

    Reference:
        Engel et al. 2020, section 3.2, equations 1 to 4.
    """
    audio, _ = stream_harmonic(
        *(hold_last_frame(x, 1) for x in (f0_hz, amplitudes, harmonic_distribution)),
        initial_turns=None,
        hop_length=hop_length,
        sample_rate=sample_rate,
        amplitude_method=amplitude_method,
        harmonic_shifts=None if harmonic_shifts is None else hold_last_frame(harmonic_shifts, 1),
    )
    return audio


def stream_harmonic(
    f0_hz: tf.Tensor,
    amplitudes: tf.Tensor,
    harmonic_distribution: tf.Tensor,
    *,
    initial_turns: tf.Tensor | None,
    hop_length: int,
    sample_rate: int,
    amplitude_method: Interpolation = "window",
    harmonic_shifts: tf.Tensor | None = None,
) -> tuple[tf.Tensor, tf.Tensor]:
    """Does the work of `harmonic` for one block of a longer sound.

    Every control has one frame more than is played: the first of the next block, towards which the
    last one glides.

    Args:
        f0_hz: `[batch, n_frames + 1, 1]`, as in `harmonic`, and so are the other controls.
        amplitudes: `[batch, n_frames + 1, 1]`.
        harmonic_distribution: `[batch, n_frames + 1, n_harmonics]`.
        initial_turns: Phase at the block's start in turns, float64 `[batch, 1]` (with
            `harmonic_shifts`, `[batch, n_harmonics]`), as the previous block returned it. None: 0.
        hop_length: Samples per frame.
        sample_rate: In Hz.
        amplitude_method: As in `harmonic`.
        harmonic_shifts: `[batch, n_frames + 1, n_harmonics]` or None.

    Returns:
        Audio `[batch, n_frames * hop_length]`, and the phase in turns, in [0, 1), to pass on.
    """
    numbers = tf.range(1, harmonic_distribution.shape[-1] + 1, dtype=tf.float32)
    partial_amplitudes = amplitudes * harmonic_distribution
    if harmonic_shifts is not None:
        return stream_sinusoidal(
            f0_hz * numbers * (1.0 + harmonic_shifts),
            partial_amplitudes,
            initial_turns=initial_turns,
            hop_length=hop_length,
            sample_rate=sample_rate,
            amplitude_method=amplitude_method,
        )
    turns, final_turns = _frame_turns(f0_hz, initial_turns, hop_length, sample_rate)

    def audible() -> tf.Tensor:
        # One division a sample instead of one product a partial.
        return numbers < 0.5 * sample_rate / tf.maximum(_glide(f0_hz, hop_length), 1e-7)

    audio = _blend_partials(
        turns, partial_amplitudes, numbers, audible, crossfade(hop_length, amplitude_method)
    )
    return audio, final_turns


def sinusoidal(
    frequencies_hz: tf.Tensor,
    amplitudes: tf.Tensor,
    *,
    hop_length: int,
    sample_rate: int,
    amplitude_method: Interpolation = "window",
) -> tf.Tensor:
    """Sums sinusoids of free frequencies. Those at or above Nyquist are silent at every sample.

    Args:
        frequencies_hz: `[batch, n_frames, n_sinusoids]`, >= 0. Linear in Hz between frames.
        amplitudes: Linear amplitudes, `[batch, n_frames, n_sinusoids]`, >= 0.
        hop_length: Samples per frame.
        sample_rate: In Hz.
        amplitude_method: See `envelopes.crossfade`.

    Returns:
        Audio, `[batch, n_frames * hop_length]`.

    Example:
        >>> hz = tf.constant([[[440.0, 1000.0]]] * 2)
        >>> sinusoidal(hz, tf.ones_like(hz), hop_length=64, sample_rate=16000).shape
        TensorShape([2, 64])
    """
    audio, _ = stream_sinusoidal(
        hold_last_frame(frequencies_hz, 1),
        hold_last_frame(amplitudes, 1),
        initial_turns=None,
        hop_length=hop_length,
        sample_rate=sample_rate,
        amplitude_method=amplitude_method,
    )
    return audio


def stream_sinusoidal(
    frequencies_hz: tf.Tensor,
    amplitudes: tf.Tensor,
    *,
    initial_turns: tf.Tensor | None,
    hop_length: int,
    sample_rate: int,
    amplitude_method: Interpolation = "window",
) -> tuple[tf.Tensor, tf.Tensor]:
    """Does the work of `sinusoidal` for one block of a longer sound.

    Args:
        frequencies_hz: `[batch, n_frames + 1, n_sinusoids]`, one frame more than is played.
        amplitudes: `[batch, n_frames + 1, n_sinusoids]`.
        initial_turns: Phases in turns, float64 `[batch, n_sinusoids]`, or None for 0.
        hop_length: Samples per frame.
        sample_rate: In Hz.
        amplitude_method: See `envelopes.crossfade`.

    Returns:
        Audio `[batch, n_frames * hop_length]`, and the phases in turns to pass on.
    """
    turns, final_turns = _frame_turns(frequencies_hz, initial_turns, hop_length, sample_rate)

    def audible() -> tf.Tensor:
        return _glide(frequencies_hz, hop_length) < 0.5 * sample_rate

    audio = _blend_partials(
        turns, amplitudes, tf.constant([1.0]), audible, crossfade(hop_length, amplitude_method)
    )
    return audio, final_turns


def remove_above_nyquist(
    frequencies_hz: tf.Tensor, amplitudes: tf.Tensor, *, sample_rate: int
) -> tf.Tensor:
    """Sets the amplitudes of partials at or above Nyquist to zero.

    Args:
        frequencies_hz: Any shape.
        amplitudes: The same shape.
        sample_rate: In Hz.

    Returns:
        The amplitudes, same shape.
    """
    return tf.where(frequencies_hz < 0.5 * sample_rate, amplitudes, tf.zeros_like(amplitudes))


def normalize_harmonics(
    harmonic_distribution: tf.Tensor, f0_hz: tf.Tensor | None = None, *, sample_rate: int = 0
) -> tf.Tensor:
    """Scales a harmonic distribution to sum to one over its audible partials.

    Args:
        harmonic_distribution: `[batch, n_frames, n_harmonics]`, >= 0.
        f0_hz: `[batch, n_frames, 1]`; if given, partials at or above Nyquist become zero first.
        sample_rate: In Hz; needed with `f0_hz`.

    Returns:
        `[batch, n_frames, n_harmonics]`, summing to one, or to zero where nothing is audible.
    """
    if f0_hz is not None:
        numbers = tf.range(1, harmonic_distribution.shape[-1] + 1, dtype=tf.float32)
        harmonic_distribution = remove_above_nyquist(
            f0_hz * numbers, harmonic_distribution, sample_rate=sample_rate
        )
    total = tf.reduce_sum(harmonic_distribution, axis=-1, keepdims=True)
    return harmonic_distribution / tf.maximum(total, 1e-7)


def _frame_turns(
    frequencies_hz: tf.Tensor, initial_turns: tf.Tensor | None, hop_length: int, sample_rate: int
) -> tuple[tf.Tensor, tf.Tensor]:
    """Phase in turns at every sample `[batch, n_frames, hop, channels]`, and after the last.

    The frequency at sample j after frame i is f_i + (f_{i+1} - f_i) j / hop, so its inclusive sum
    is f_i (j + 1) + (f_{i+1} - f_i) j (j + 1) / (2 hop): exact, with no sum over samples.
    """
    cycles = tf.cast(frequencies_hz, tf.float64) / sample_rate
    here, following = cycles[:, :-1], cycles[:, 1:]
    per_frame = here * hop_length + (following - here) * (0.5 * (hop_length - 1))
    silence = tf.zeros_like(cycles[:, 0])
    initial_turns = silence if initial_turns is None else initial_turns + silence
    ends = initial_turns[:, tf.newaxis] + tf.cumsum(per_frame, axis=1)
    starts = tf.concat([initial_turns[:, tf.newaxis], ends[:, :-1]], axis=1)
    starts = tf.cast(starts - tf.floor(starts), tf.float32)

    sample = tf.range(hop_length, dtype=tf.float32)[:, tf.newaxis]
    here, following = (tf.cast(x, tf.float32)[:, :, tf.newaxis] for x in (here, following))
    inside = here * (sample + 1.0) + (following - here) * (
        sample * (sample + 1.0) / (2.0 * hop_length)
    )
    final = ends[:, -1]
    return starts[:, :, tf.newaxis] + inside, final - tf.floor(final)


def _glide(frequencies_hz: tf.Tensor, hop_length: int) -> tf.Tensor:
    """Frequency at every sample, `[batch, n_frames, hop, channels]`, for the Nyquist test."""
    weight = crossfade(hop_length, "linear")[:, tf.newaxis]
    here, following = (x[:, :, tf.newaxis] for x in (frequencies_hz[:, :-1], frequencies_hz[:, 1:]))
    return here + (following - here) * weight


def _blend_partials(
    turns: tf.Tensor,
    amplitudes: tf.Tensor,
    numbers: tf.Tensor,
    audible: Callable[[], tf.Tensor],
    weight: tf.Tensor,
) -> tf.Tensor:
    """Sums partials, each with its amplitude at two neighbouring frames, cross-faded.

    Amplitudes stay at the frame rate: per frame, [hop, partials] sines times [partials, 2]
    amplitudes. The sines are made again in the backward pass rather than kept.

    Args:
        turns: `[batch, n_frames, hop, 1 or n_partials]`.
        amplitudes: `[batch, n_frames + 1, n_partials]`.
        numbers: Multiples of the phase, `[n_partials or 1]`.
        audible: Gives a boolean `[batch, n_frames, hop, n_partials]`.
        weight: Of the following frame, `[hop]`.

    Returns:
        `[batch, n_frames * hop]`.
    """
    weights = tf.stack([1.0 - weight, tf.constant(weight)], axis=-1)

    def angles(turns: tf.Tensor) -> tf.Tensor:
        return turns * (_TWO_PI * numbers)

    def keep_audible(partials: tf.Tensor) -> tf.Tensor:
        return tf.where(audible(), partials, 0.0)

    def pairs(amplitudes: tf.Tensor) -> tf.Tensor:
        return tf.stack([amplitudes[:, :-1], amplitudes[:, 1:]], axis=-1)

    @tf.custom_gradient
    def bank(turns: tf.Tensor, amplitudes: tf.Tensor) -> tuple[tf.Tensor, Callable[..., object]]:
        sines = keep_audible(tf.sin(angles(turns)))
        blocks = tf.reduce_sum(tf.matmul(sines, pairs(amplitudes)) * weights, axis=-1)

        def gradient(upstream: tf.Tensor) -> tuple[tf.Tensor, tf.Tensor]:
            weighted = upstream[..., tf.newaxis] * weights
            sines = keep_audible(tf.sin(angles(turns)))
            to_pairs = tf.matmul(sines, weighted, transpose_a=True)
            to_amplitudes = tf.pad(to_pairs[..., 0], [[0, 0], [0, 1], [0, 0]]) + tf.pad(
                to_pairs[..., 1], [[0, 0], [1, 0], [0, 0]]
            )
            slopes = keep_audible(tf.cos(angles(turns)))
            if turns.shape[-1] == 1:
                slope = tf.matmul(slopes, pairs(amplitudes * (_TWO_PI * numbers)))
                to_turns = tf.reduce_sum(slope * weighted, axis=-1, keepdims=True)
            else:
                to_turns = (
                    _TWO_PI * slopes * tf.matmul(weighted, pairs(amplitudes), transpose_b=True)
                )
            return to_turns, to_amplitudes

        return blocks, gradient

    blocks = bank(turns, amplitudes)
    shape = tf.shape(blocks)
    return tf.reshape(blocks, [shape[0], shape[1] * shape[2]])
